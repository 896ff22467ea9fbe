import { fetchCommit, gitFault, must, mustRead, type Registry } from "../branch.ts";
import { EXIT, PublishError } from "../fault.ts";
import { parseState, pendingText, type State, seenText } from "./state.ts";

/** Ref that keeps what consumers were told. */
export const ANNOUNCED_REF = "refs/satis-fleet/announced";

/** What the ref holds. */
export interface Stored {
  readonly commit: string;
  /** Absent where it is none of ours. */
  readonly state?: State;
}

/** Reads the ref; `undefined` where nothing was ever announced. */
export async function loadState(registry: Registry): Promise<Stored | undefined> {
  const commit = await remoteCommit(registry);
  if (commit === undefined) return undefined;
  await fetchCommit(registry, commit);
  const [seen, pending] = await Promise.all(
    ["seen.json", "pending.json"].map((file) => registry.git(["cat-file", "blob", `${commit}:${file}`])),
  );
  const state = parseState(seen?.stdout ?? "", pending?.stdout ?? "");
  return state === undefined ? { commit } : { commit, state };
}

async function remoteCommit(registry: Registry): Promise<string | undefined> {
  const listed = await mustRead(registry, ["ls-remote", registry.url, ANNOUNCED_REF]);
  return /^[0-9a-f]{40,64}(?=\t)/.exec(listed)?.[0];
}

/**
 * Writes the state over the one at `previous`, and gives the new commit.
 *
 * The commit has no parent: what was told before is of no use to anybody. Only what changed is sent.
 *
 * @throws PublishError with {@link EXIT.raced} where somebody else wrote in between
 */
export async function saveState(registry: Registry, state: State, previous?: string): Promise<string> {
  const commit = await commitOf(registry, state);
  const lease = `--force-with-lease=${ANNOUNCED_REF}:${previous ?? ""}`;
  // Without `+`, which would push whatever the lease says.
  const args = ["push", "--quiet", "--no-verify", lease, registry.url, `${commit}:${ANNOUNCED_REF}`];
  for (let attempt = 1; ; attempt++) {
    const pushed = await registry.git(args);
    if (pushed.code === 0) return commit;
    // A push whose answer was lost has arrived all the same.
    const now = await remoteCommit(registry);
    if (now === commit) return commit;
    if (now !== previous) throw raced();
    if (attempt === 3) throw gitFault(args, pushed);
  }
}

async function commitOf(registry: Registry, state: State): Promise<string> {
  const write = async (input: string) =>
    (await must(registry, ["hash-object", "-w", "--stdin"], { input })).trim();
  const [seen, pending] = [await write(seenText(state)), await write(pendingText(state))];
  const input = `100644 blob ${pending}\tpending.json\n100644 blob ${seen}\tseen.json\n`;
  const tree = (await must(registry, ["mktree"], { input })).trim();
  const who = { name: "github-actions[bot]", email: "41898282+github-actions[bot]@users.noreply.github.com" };
  const env = {
    GIT_AUTHOR_NAME: who.name,
    GIT_AUTHOR_EMAIL: who.email,
    GIT_COMMITTER_NAME: who.name,
    GIT_COMMITTER_EMAIL: who.email,
  };
  const message = `Announced up to ${state.build}\n`;
  return (await must(registry, ["commit-tree", tree, "-F", "-"], { env, input: message })).trim();
}

function raced(): PublishError {
  const message = "another run announces at the same time";
  const remedy = "wait for that run: what neither of them could tell is told by the next one";
  return new PublishError([{ by: "announce", message, remedy }], EXIT.raced);
}
