import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { deflateSync, inflateSync } from "node:zlib";
import { frame, type GitObject, unframe } from "./git-objects.ts";
import type { GitRepository, Mirror } from "./git-repository.ts";

// Nothing is ever packed or collected: objects are read back one by one as loose files.
const CONFIG = `[core]
\trepositoryformatversion = 0
\tbare = true
[gc]
\tauto = 0
[receive]
\tunpackLimit = 1000000000
\tautogc = false
[transfer]
\tunpackLimit = 1000000000
[http]
\treceivepack = true
[uploadpack]
\tallowAnySHA1InWant = true
\tallowFilter = true
`;

// The rules of the repository are written to a file before each push, so that one hook serves all.
const UPDATE_HOOK = `#!/bin/sh
if grep -qxF "$1" "$GIT_DIR/protected-refs"; then
  echo "error: GH013: Repository rule violations found for $1." >&2
  echo "Changes must be made through a pull request." >&2
  exit 1
fi
`;

/** A bare repository on disk that holds every object loose. */
export class BareRepository implements Mirror {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Writes out what is in memory, and keeps the two in step from then on. */
  static create(folder: string, git: GitRepository, defaultBranch: string): BareRepository {
    for (const name of ["objects", "refs/heads", "refs/tags", "hooks"]) {
      mkdirSync(join(folder, name), { recursive: true });
    }
    writeFileSync(join(folder, "config"), CONFIG);
    writeFileSync(join(folder, "hooks/update"), UPDATE_HOOK, { mode: 0o755 });
    const bare = new BareRepository(folder);
    bare.prepare(defaultBranch, []);
    for (const [sha, object] of git.objects) bare.writeObject(sha, object);
    for (const [name, sha] of git.refs) bare.writeRef(name, sha);
    git.mirror = bare;
    return bare;
  }

  /** Sets what the next request by git sees beside objects and refs. */
  prepare(defaultBranch: string, protectedRefs: readonly string[]): void {
    this.#replace(join(this.folder, "HEAD"), `ref: refs/heads/${defaultBranch}\n`);
    this.#replace(join(this.folder, "protected-refs"), protectedRefs.map((ref) => `${ref}\n`).join(""));
  }

  readObject(sha: string): GitObject | undefined {
    const file = this.#file(sha);
    return /^[0-9a-f]{40}$/.test(sha) && existsSync(file)
      ? unframe(inflateSync(readFileSync(file)))
      : undefined;
  }

  writeObject(sha: string, object: GitObject): void {
    const file = this.#file(sha);
    if (existsSync(file)) return;
    mkdirSync(dirname(file), { recursive: true });
    this.#replace(file, deflateSync(frame(object), { level: 1 }));
  }

  writeRef(name: string, sha: string | undefined): void {
    const file = join(this.folder, name);
    if (sha !== undefined) {
      mkdirSync(dirname(file), { recursive: true });
      this.#replace(file, `${sha}\n`);
      return;
    }
    rmSync(file, { force: true });
    removeEmptyFolders(dirname(file), name.split("/").length - 3);
  }

  /** The refs as git sees them now. */
  async readRefs(): Promise<Map<string, string>> {
    const output = await git(["-C", this.folder, "for-each-ref", "--format=%(objectname) %(refname)"]);
    const lines = output.toString().split("\n").filter(Boolean);
    return new Map(lines.map((line) => [line.slice(41), line.slice(0, 40)]));
  }

  /** In one step, since a git that serves another request may be reading the file. */
  #replace(file: string, content: string | Uint8Array): void {
    const next = join(this.folder, "next-file");
    writeFileSync(next, content);
    renameSync(next, file);
  }

  #file(sha: string): string {
    return join(this.folder, "objects", sha.slice(0, 2), sha.slice(2));
  }
}

/** A branch may take the name of a folder that a deleted branch left behind. */
function removeEmptyFolders(folder: string, levels: number): void {
  for (let at = folder, left = levels; left > 0; at = dirname(at), left -= 1) {
    try {
      rmdirSync(at);
    } catch {
      return;
    }
  }
}

const ENVIRONMENT = { PATH: process.env.PATH, GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null" };

/** Runs git without the user's configuration and gives its output; a failure is an error with what git said. */
export function git(
  args: readonly string[],
  options: { env?: Record<string, string>; input?: Uint8Array } = {},
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = spawn("git", args, { env: { ...ENVIRONMENT, ...options.env } });
    const output: Buffer[] = [];
    const complaints: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => complaints.push(chunk));
    // git may end without reading all of its input.
    child.stdin.on("error", () => {});
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve(Buffer.concat(output));
      else reject(new Error(`git ${args.join(" ")} ended with ${code}: ${Buffer.concat(complaints)}`));
    });
    child.stdin.end(options.input);
  });
}

/** One request to `git http-backend`. */
export interface GitRequest {
  readonly root: string;
  /** Path below the root, e.g. `/1001.git/info/refs`. */
  readonly path: string;
  readonly query: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
}

/** Answers a request of git's smart HTTP protocol; the CGI output is split into status, headers and body. */
export async function serveGit(request: GitRequest) {
  const output = await git(["http-backend"], {
    input: request.body,
    env: {
      GIT_PROJECT_ROOT: request.root,
      GIT_HTTP_EXPORT_ALL: "1",
      PATH_INFO: request.path,
      QUERY_STRING: request.query,
      REQUEST_METHOD: request.method,
      REMOTE_USER: "git",
      CONTENT_TYPE: request.headers["content-type"] ?? "",
      CONTENT_LENGTH: String(request.body.length),
      HTTP_CONTENT_ENCODING: request.headers["content-encoding"] ?? "",
      GIT_PROTOCOL: request.headers["git-protocol"] ?? "",
    },
  });
  const end = output.indexOf("\r\n\r\n");
  const headers: Record<string, string> = {};
  for (const line of output.toString("latin1", 0, end).split("\r\n")) {
    const colon = line.indexOf(":");
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  const { status = "200", ...rest } = headers;
  return { status: Number.parseInt(status, 10), headers: rest, body: output.subarray(end + 4) };
}
