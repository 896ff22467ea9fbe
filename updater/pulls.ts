import * as z from "zod";
import { isPackageName } from "../fleet/grammar.ts";
import type { GitHub } from "../publisher/github.ts";

/** What a pull request of the updater says of itself, for the next run; invisible in the rendered text. */
const stateSchema = z.strictObject({
  /** Version and commit by package: what was asked for and is part of the update. */
  packages: z.record(
    z.string().refine(isPackageName),
    z.strictObject({ version: z.string().max(500), reference: z.string().max(100).exactOptional() }),
  ),
});

export type PullState = z.infer<typeof stateSchema>;

const pullSchema = z.looseObject({
  number: z.int(),
  title: z.string(),
  body: z.string().nullish(),
  html_url: z.string(),
  head: z.looseObject({ sha: z.string() }),
  merged_at: z.string().nullish(),
});

/** A pull request from the update's branch into its base. */
export interface Pull {
  readonly number: number;
  readonly title: string;
  readonly body: string;
  readonly url: string;
  readonly merged: boolean;
  /** Head of its branch; the last one before it was merged or closed. */
  readonly head: string;
  readonly state: PullState | undefined;
}

/** Where a pull request belongs. */
export interface PullPlace {
  readonly owner: string;
  /** Without its owner. */
  readonly repository: string;
  readonly branch: string;
  readonly base: string;
}

/** The newest pull requests of a place, at most 100. */
export async function listPulls(
  github: GitHub,
  { owner, repository, branch, base }: PullPlace,
  state: "open" | "closed",
): Promise<readonly Pull[]> {
  const query = { state, head: `${owner}:${branch}`, base, per_page: "100" };
  const { body } = await github.request("GET", ["repos", owner, repository, "pulls"], { query });
  return z.array(pullSchema).parse(body).map(pullOf);
}

/** Reads a pull request from GitHub's answer. */
export function pullOf(answer: unknown): Pull {
  const { number, title, body, html_url: url, merged_at: mergedAt, head } = pullSchema.parse(answer);
  const text = (body ?? "").replaceAll("\r\n", "\n");
  const merged = (mergedAt ?? null) !== null;
  return { number, title, body: text, url, merged, head: head.sha, state: readState(text) };
}

/** The state as a comment of HTML; nothing in it can end the comment or mention anybody. */
export function stateComment(state: PullState): string {
  const json = JSON.stringify(state).replace(
    /[^ -~]|[<>&@#-]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `<!-- satis-fleet ${json} -->`;
}

/** People may have edited the text: what is not as it was written is no state. */
function readState(body: string): PullState | undefined {
  const [, json] = /<!-- satis-fleet (\{.*\}) -->\s*$/.exec(body) ?? [];
  if (json === undefined) return undefined;
  try {
    return stateSchema.safeParse(JSON.parse(json)).data;
  } catch {
    return undefined;
  }
}

/** Whether `known` has everything that `wanted` would bring. */
export function covers(known: PullState, wanted: PullState): boolean {
  return Object.entries(wanted.packages).every(([name, { version, reference }]) => {
    const had = known.packages[name];
    return had !== undefined && had.version === version && had.reference === reference;
  });
}
