import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Outcome } from "../../../publisher/outcome.ts";
import type { Plan } from "../../../publisher/plan.ts";
import type { BuildRecord } from "../../../publisher/record.ts";
import {
  type PackageSummary,
  README_MAX_BYTES,
  readmeText,
  summarise,
} from "../../../publisher/report/readme.ts";
import { summaryText } from "../../../publisher/report/summary.ts";
import { openTree } from "../../../publisher/tree.ts";
import { workIn } from "../../../publisher/work.ts";
import { buildId, stage } from "../publish-support.ts";

const SETTINGS = {
  registryUrl: "https://acme.github.io/composer",
  hosting: "pages" as const,
  vendors: ["acme"],
  githubHost: "github.com",
};
const NASTY = "@acme/team <script> | [x](https://evil.example) #1\n# head `code";

const record = (names: readonly string[], held: BuildRecord["held"] = {}): BuildRecord => ({
  schema: 1,
  build: buildId(1),
  builtAt: "2026-11-01T10:00:00Z",
  fullBuiltAt: "2026-11-01T10:00:00Z",
  kind: "full",
  inputs: { satis: "", settings: "", publisher: "" },
  repositories: Object.fromEntries(
    names.map((name) => [
      `github.com/${name}`,
      { url: `https://github.com/${name}.git`, refs: "", packages: [name], builtAt: "2026-11-01T09:30:00Z" },
    ]),
  ),
  packages: Object.fromEntries(names.map((name) => [name, { repository: `github.com/${name}`, files: {} }])),
  held,
});
const summary = (name: string, description: string, count = 20): PackageSummary => ({
  name,
  description,
  versions: Array.from({ length: count }, (_, at) => ({
    version: `1.${count - at}.0`,
    reference: "0123456789abcdef0123456789abcdef01234567",
  })),
});
const page = (packages: readonly PackageSummary[], held: BuildRecord["held"] = {}) =>
  readmeText({
    title: "Acme's packages",
    record: record(
      packages.map(({ name }) => name),
      held,
    ),
    settings: SETTINGS,
    packages,
  });

describe("README.md of the branch", () => {
  it("tells of every package what it is, which versions it has, when and from what it was built", () => {
    const text = page([summary("acme/a", "A library")]);
    expect(text).toContain(
      "| `acme/a` | A library | `1.20.0` (`0123456`), `1.19.0` (`0123456`), `1.18.0` (`0123456`) and 17 more | 2026-11-01 09:30 | [acme/a](https://github.com/acme/a) |",
    );
    expect(text).toContain(
      `1 packages with 20 versions, built 2026-11-01T10:00:00Z as \`${buildId(1)}\` (full).`,
    );
    expect(text).not.toContain("## Held");
  });

  it("tells how to install, in text that Composer and a shell take", () => {
    const text = page([summary("acme/a", "A library")]);
    const [, json] = /```json\n(.*?)\n```/s.exec(text) ?? [];
    expect(JSON.parse(json ?? "").repositories).toEqual([
      { type: "composer", url: "https://acme.github.io/composer" },
      { type: "composer", url: "https://repo.packagist.org", exclude: ["acme/*"] },
      { "packagist.org": false },
    ]);
    expect(text).toContain("```sh\ncomposer require acme/a\n```");
  });

  it("says what is held, why, since when and what to do", () => {
    const held = {
      "acme/a": {
        reason: "no tag is a version",
        remedy: "tag one",
        since: "2026-10-31T00:00:00Z",
        published: true,
      },
    };
    expect(page([summary("acme/a", "")], held)).toContain(
      "| `acme/a` | older files | no tag is a version. tag one | 2026-10-31T00:00:00Z |",
    );
  });

  it("stays under 500 kB for 1,000 packages, and beyond says what is left out", () => {
    const many = (count: number, description: string) =>
      Array.from({ length: count }, (_, at) => summary(`acme/package-with-a-long-name-${at}`, description));
    const thousand = page(
      many(1000, "A description of ordinary length for a library, as most have one, with some words more"),
    );
    expect(Buffer.byteLength(thousand)).toBeLessThan(README_MAX_BYTES);
    expect(thousand).toContain("package-with-a-long-name-999`");
    expect(thousand).toContain("as most have one");
    const nasty = page(many(1000, "@<#>|".repeat(100)));
    expect(Buffer.byteLength(nasty)).toBeLessThan(README_MAX_BYTES);
    expect(nasty).toContain("package-with-a-long-name-999`");
    const huge = page(many(5000, "x"));
    expect(Buffer.byteLength(huge)).toBeLessThan(README_MAX_BYTES);
    expect(huge).toMatch(/\n\d+ more packages do not fit on this page; packages\.json has them all\.\n$/);
  });

  it("gives a package's words no meaning, in whatever column", () => {
    const one = { ...summary("acme/a", NASTY, 1), versions: [{ version: `dev-${NASTY}`, reference: NASTY }] };
    const held = {
      "acme/a": { reason: NASTY, remedy: NASTY, since: "2026-10-31T00:00:00Z", published: false },
    };
    const rows = page([one], held)
      .split("\n")
      .filter((line) => line.startsWith("| `acme/a`"));
    expect(rows.map((line) => line.match(/(?<!\\)\|/g)?.length)).toEqual([5, 6]);
    for (const line of rows) expect(line).not.toMatch(/@\w|<script|\]\(https:\/\/evil|#1\b/);
  });

  it("is made of what the tree says, newest version first, and survives files that do not parse", async () => {
    const root = await mkdtemp(join(tmpdir(), "readme-"));
    const work = workIn(root);
    const versions = ["1.9.0", "1.10.0", "1.10.0-beta2", "1.10.0-beta10", "v1.2"].map((version) => ({
      ...{ name: "acme/a", version, version_normalized: `${version.replace(/^v/, "")}`, description: "An A" },
      source: { type: "git", url: "", reference: version },
    }));
    const files = {
      "p2/acme/a.json": JSON.stringify({ packages: { "acme/a": versions } }),
      "p2/acme/a~dev.json": JSON.stringify({
        packages: { "acme/a": [{ name: "acme/a", version: "dev-main" }] },
      }),
      "p2/acme/b.json": "{",
    };
    const { record: staged } = await stage(work, {
      packages: { "acme/a": "1", "acme/b": "1" },
      number: 1,
      files,
    });
    const [a, b] = await summarise(await openTree(work.staged), staged);
    expect(a?.description).toBe("An A");
    expect(a?.versions.map(({ version }) => version)).toEqual([
      "1.10.0",
      "1.10.0-beta10",
      "1.10.0-beta2",
      "1.9.0",
      "v1.2",
      "dev-main",
    ]);
    expect(b).toEqual({ name: "acme/b", description: "", versions: [] });
    await rm(root, { recursive: true });
  });
});

describe("the job summary", () => {
  const plan: Plan = {
    ...{
      build: buildId(1),
      now: "2026-11-01T10:00:00Z",
      action: "partial",
      reasons: ["acme/a changed", NASTY],
    },
    inputs: { satis: "", settings: "", publisher: "" },
    repositories: [
      { id: "github.com/acme/a", url: "", kind: "github", stale: true },
      { id: "github.com/acme/b", url: "", kind: "github", stale: false },
    ],
    cost: { calls: 4, clones: false },
    hints: [{ text: NASTY, verdict: "malformed" }],
  };
  const outcome: Outcome = {
    ...{ build: buildId(1), rebuilt: ["acme/a"], faults: [], unchanged: false, digest: "" },
    record: record(["acme/a"]),
    changes: [{ package: "acme/a", version: "1.1.0", kind: "added", reference: "0123456789abcdef" }],
    leftOut: [{ package: "acme/a", tag: NASTY, reason: "no version" }],
  };

  it("says what happened, what to do and what changed", () => {
    const held = {
      "acme/a": { reason: "broken", remedy: "mend it", since: "2026-10-31T00:00:00Z", published: true },
    };
    const faults = [{ by: "budget", message: "too many held", remedy: "look at them" }];
    const text = summaryText({ plan, outcome, held, faults, result: "published, 1 held" });
    expect(text).toContain("## Registry: published, 1 held");
    expect(text).toContain(
      `Build \`${buildId(1)}\`: \`partial\`, 1 of 2 repositories stale, about 4 calls to GitHub.`,
    );
    expect(text).toContain("| `budget` |  | too many held | look at them |");
    expect(text).toContain("| `acme/a` | older files | broken | mend it | 2026-10-31T00:00:00Z |");
    expect(text).toContain("| `acme/a` | `1.1.0` | added | `0123456789ab` |");
    expect(text).not.toMatch(/@acme\/team(?!.*`)|<script>(?!.*`)|\]\(https:\/\/evil/);
  });

  it("counts what it does not list", () => {
    const changes = Array.from({ length: 250 }, (_, at) => ({
      package: "acme/a",
      version: `1.${at}.0`,
      kind: "added" as const,
    }));
    expect(summaryText({ outcome: { ...outcome, changes }, result: "published" })).toContain("\n150 more.");
  });
});
