import { execFile } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { promisify } from "node:util";
import { quoted, safeText } from "../../fleet/findings.ts";
import { SATIS_MAX_BYTES } from "../../fleet/satis.ts";

const run = promisify(execFile);

/** What to compare with. */
export interface Base {
  /** For people: the revision or the file, safe to print. */
  readonly name: string;
  /** Text of satis.json there; none where it did not exist. */
  readonly text?: string;
}

/**
 * Reads satis.json as it was at a git revision, or in another file.
 *
 * A revision goes first, for that is what CI gives. It is resolved to a commit before anything is read with it, so that no text of
 * it can be an option or a path to git.
 *
 * @throws Error where `base` is neither.
 */
export async function readBase(base: string, satisFile: string): Promise<Base> {
  const name = safeText(base);
  const git = async (...args: string[]) => {
    const options = { cwd: dirname(satisFile), maxBuffer: 16 * SATIS_MAX_BYTES };
    return (await run("git", args, options)).stdout;
  };
  const verify = ["rev-parse", "--verify", "--quiet", "--end-of-options", `${base}^{commit}`];
  const commit = await git(...verify).then(
    (text) => text.trim(),
    () => undefined,
  );
  if (commit === undefined) return readFileBase(base, name);
  const path = `./${basename(satisFile)}`;
  const listed = await git("ls-tree", "--name-only", commit, "--", path);
  if (listed.trim() === "") return { name };
  return { name, text: await git("show", `${commit}:${path}`) };
}

function readFileBase(base: string, name: string): Base {
  const file = resolve(base);
  if (!existsSync(file) || !statSync(file).isFile()) {
    throw new Error(
      `${quoted(base)} is neither a git revision nor a file: in CI, check the repository out with its history (fetch-depth: 0)`,
    );
  }
  return { name, text: readFileSync(file, "utf8") };
}
