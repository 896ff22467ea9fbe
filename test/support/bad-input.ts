import { satisOf } from "./teller.ts";

/** A satis.json that must be refused, with what must be said of it. */
export interface BadSatis {
  readonly name: string;
  /** Text of the file; none where there is no file, or a folder in its place. */
  readonly text?: string;
  readonly folder?: true;
  /** Behind the file's name, in this order: place, what is wrong, what to do. */
  readonly says: readonly string[];
}

/** Frames of JavaScript and of Go, and what an engine says to itself: nothing that a user should read. */
export const STACK_TRACE =
  /^\s+at .+:\d+|node:internal|node_modules|goroutine \d+|Channel has been shut down/m;

/** Shaped like a token of GitHub, and nobody's. */
export const LITERAL = "ghp_n0b0dysT0kenThatMustNeverBeSaid012345";

const url = (text: string, more: object = {}) => ({ type: "vcs", url: text, ...more });
const write = "write https://HOST/OWNER/REPOSITORY";
const rename = "write the package's name";

/** Entries that something downstream would run, follow or take for an option; one a line from line 6 on. */
const HOSTILE: readonly (readonly [entry: object, says: string, remedy: string])[] = [
  [url("https://github.com/acme/$(id)"), 'the path of "https://github.com/acme/$(id)"', write],
  [url("https://github.com/acme/${{ secrets.X }}"), "holds spaces or control characters", write],
  [url("https://github.com/acme/a\"b'c`d"), "holds characters that no repository has", write],
  [url("https://github.com/acme/a\nrun: id"), "a\\nrun: id", write],
  [url("https://github.com/acme/../other"), "steps upwards", write],
  [url("https://github.com/acme/%2e%2e/other"), "steps upwards", write],
  [url("--upload-pack=id"), 'begins with "-"', write],
  [url("ext::sh"), '"ext::" runs a program of the machine that builds', write],
  [url("file:///etc/passwd"), 'cannot fetch from "file:"', write],
  [url("https://github.com/acme/a", { name: "$(id)" }), 'the name "$(id)"', rename],
  [url("https://github.com/acme/b", { name: "${{ secrets.X }}" }), 'the name "${{ secrets.X }}"', rename],
  [url("https://github.com/acme/c", { name: "acme/c\nrun: id" }), 'the name "acme/c\\nrun: id"', rename],
  [
    url("https://github.com/acme/d", { name: "acme/'d\"" }),
    "holds characters that no package name has",
    rename,
  ],
  [url("https://github.com/acme/e", { name: "../../e" }), 'the name "../../e"', rename],
  [url("https://github.com/acme/f", { name: "-f/f" }), 'the name "-f/f"', rename],
  [url(`https://x:${LITERAL}@github.com/acme/g`), "holds a GitHub token in clear", "revoke it"],
  [{ type: "vcs", url: ["https://github.com/acme/h"] }, "url is a list", "write a text in quotes"],
  [{ type: "vcs" }, "has no url", 'write "url"'],
];

const FIRST_LINE = 6;

function hostileText(): string {
  const lines = HOSTILE.map(([entry]) => `    ${JSON.stringify(entry)}`).join(",\n");
  return `{
  "name": "acme/composer",
  "homepage": 7,
  "config": { "github-oauth": { "github.com": "${LITERAL}" } },
  "repositories": [
${lines}
  ]
}
`;
}

/** A satis.json that reads well, grown by as many bytes. */
function padded(bytes: number): string {
  return satisOf("lib", "tool").replace(/^\{/, `{\n  "description": "${"x".repeat(bytes)}",`);
}

/** What nobody should hand in, and somebody will. */
export const BAD_SATIS: readonly BadSatis[] = [
  { name: "is missing", says: [": fault: does not exist", "pulumi config set satis-fleet:satisFile PATH"] },
  {
    name: "is a folder",
    folder: true,
    says: [": fault: is a directory", "pulumi config set satis-fleet:satisFile"],
  },
  { name: "is empty", text: " \n", says: [":1:1: fault: is empty", 'write {"name"'] },
  {
    name: "is not JSON",
    text: "repositories:\n  - lib\n",
    says: [":1:1: fault: not a value of JSON", "correct it: the file is strict JSON"],
  },
  {
    name: "has a comment, a duplicate key and a trailing comma",
    text: '{\n  // ours\n  "name": "a",\n  "name": "b",\n}\n',
    says: [
      ":2:3: fault: a comment",
      "remove it",
      ':4:3: fault: the key "name" is already on line 3',
      "keep one of the two",
      ":4:14: fault: a comma before the closing bracket",
      "remove the comma",
    ],
  },
  {
    name: "is what Satis writes",
    text: '{"packages": [], "metadata-url": "/p2/%package%.json", "available-packages": ["acme/lib"]}',
    says: [":1:1: fault: this is what Satis writes, not its configuration", "usually satis.json"],
  },
  {
    name: "has 10 MB",
    text: padded(10_000_000),
    says: [": fault: has 10,000,", "bytes", "split the registry"],
  },
  {
    name: "has wrong types, credentials and metacharacters anywhere, all told at once",
    text: hostileText(),
    says: [
      ":3:15: fault: homepage is 7",
      "write a text in quotes",
      ":4:47: fault: ",
      "holds a GitHub token in clear",
      ...HOSTILE.flatMap(([, says, remedy], index) => [`:${FIRST_LINE + index}:`, says, remedy]),
    ],
  },
];
