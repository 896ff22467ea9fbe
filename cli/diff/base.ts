import { execFile } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
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
  /** The same of subscriptions.json. */
  readonly subscriptions?: string;
}

/**
 * Reads satis.json and subscriptions.json as they were at a git revision; or satis.json in another file, and the other beside it.
 *
 * A revision goes first, for that is what CI gives. It is resolved to a commit before anything is read with it, so that no text of
 * it can be an option or a path to git.
 *
 * @throws Error where `base` is neither.
 */
export async function readBase(base: string, satisFile: string, subscriptionsFile: string): Promise<Base> {
  const name = safeText(base);
  const git = async (folder: string, ...args: string[]) => {
    const options = { cwd: folder, maxBuffer: 16 * SATIS_MAX_BYTES };
    return (await run("git", args, options)).stdout;
  };
  const verify = ["rev-parse", "--verify", "--quiet", "--end-of-options", `${base}^{commit}`];
  const commit = await git(dirname(satisFile), ...verify).then(
    (text) => text.trim(),
    () => undefined,
  );
  if (commit === undefined) return readFileBase(base, name);
  const at = async (file: string) => {
    const path = `./${basename(file)}`;
    // Its folder may be new since then.
    const listed = await git(dirname(file), "ls-tree", "--name-only", commit, "--", path).catch(() => "");
    return listed.trim() === "" ? undefined : git(dirname(file), "show", `${commit}:${path}`);
  };
  return of(name, await at(satisFile), await at(subscriptionsFile));
}

function of(name: string, text: string | undefined, subscriptions: string | undefined): Base {
  return {
    name,
    ...(text === undefined ? {} : { text }),
    ...(subscriptions === undefined ? {} : { subscriptions }),
  };
}

function readFileBase(base: string, name: string): Base {
  const file = resolve(base);
  if (!existsSync(file) || !statSync(file).isFile()) {
    throw new Error(
      `${quoted(base)} is neither a git revision nor a file: in CI, check the repository out with its history (fetch-depth: 0)`,
    );
  }
  const beside = join(dirname(file), "subscriptions.json");
  return of(name, readFileSync(file, "utf8"), existsSync(beside) ? readFileSync(beside, "utf8") : undefined);
}
