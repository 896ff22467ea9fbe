import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { SUBSCRIPTIONS_PATH } from "../../fleet/subscription.ts";
import { loadState } from "../announce/store.ts";
import { fetchPublished, openRegistry, type Registry, remoteState } from "../branch.ts";
import { connectGitHub } from "../github.ts";
import { makePlan, type Plan, type PlanInput } from "../plan.ts";
import { planFileText } from "../plan-file.ts";
import { planText } from "../plan-text.ts";
import { markerState } from "../publish.ts";
import { newBuildId } from "../record.ts";
import { hasOpenIssue } from "../report/issue.ts";
import { sourcesOf } from "../repositories.ts";
import type { Session } from "../session.ts";
import { openReaders, publishedCommits, survey } from "../survey.ts";
import { openTree, type Tree } from "../tree.ts";
import { verifyTree } from "../verify/index.ts";
import { subscriptionsIn } from "./announce.ts";

/** What a run may be told. */
export interface PlanFlags {
  readonly full: boolean;
  readonly deploy: boolean;
  readonly hints: readonly string[];
}

/**
 * Finds out what is stale, and writes it to plan.json beside the published tree.
 *
 * The marker's commit is read for its build only; the branch decides what is published.
 */
export async function planCommand(session: Session, flags: PlanFlags, now = new Date()): Promise<Plan> {
  const { settings, satis, environment, work, inputs, teller } = session;
  await mkdir(work.root, { recursive: true });
  const registry = await openRegistry(work, environment, settings);
  const remote = await remoteState(registry);
  const published = await fetchPublished(registry, work.published, remote.tip);
  const previous = published?.record;
  // Exported by us just now, so there is nothing in it that a tree refuses.
  const tree = published === undefined ? undefined : await openTree(work.published);
  const problems = tree === undefined ? [] : await verifyTree(tree);
  for (const { message } of problems.slice(0, 5)) teller.warn(`the published tree: ${message}`);
  const sources = sourcesOf(satis, settings);
  const readers = openReaders(environment, settings);
  const read = await survey(readers, sources, previous, settings);
  const marker = markerState(remote);
  const input: PlanInput = {
    build: newBuildId(now, randomBytes(4).toString("hex")),
    now,
    sources,
    settings,
    ...read,
    inputs,
    ...(published === undefined ? {} : { publishedCommit: published.commit }),
    ...(previous === undefined ? {} : { previous }),
    publishedVerifies: problems.length === 0,
    // A marker of any kind means that the branch's tip may not be what the site shows.
    ...(marker.state === "absent" || previous === undefined
      ? {}
      : { marker: { build: previous.build, published: true } }),
    force: flags,
    hints: flags.hints,
  };
  const plan = await withBudget(makePlan(input), input, readers, tree);
  await writeFile(work.plan, planFileText(plan));
  for (const line of planText(plan).trimEnd().split("\n")) teller.say(line);
  await teller.output("action", plan.action);
  await teller.output("announce", String(plan.action !== "none" || (await isAnybodyWaiting(registry))));
  const github = connectGitHub(settings.apiUrl, environment.pushToken ?? environment.readToken);
  await teller.output("issue", String(plan.action === "none" && (await hasOpenIssue(github, settings))));
  return plan;
}

/** Whether somebody is still to be told of a version: a delay that ends, or a consumer that was resumed, waits for no build; one that is paused waits. */
async function isAnybodyWaiting(registry: Registry): Promise<boolean> {
  const pending = Object.keys((await loadState(registry))?.state?.pending ?? {});
  if (pending.length === 0) return false;
  const paused = new Set(
    (await subscriptionsIn(SUBSCRIPTIONS_PATH)).filter((one) => one.paused).map(({ id }) => id),
  );
  return pending.some((id) => !paused.has(id));
}

/** What is left of GitHub's limit matters only where something is built; an idle hour does not ask. */
async function withBudget(
  plan: Plan,
  input: PlanInput,
  readers: ReturnType<typeof openReaders>,
  published: Tree | undefined,
): Promise<Plan> {
  if (plan.action !== "partial" && plan.action !== "full") return plan;
  const [remaining, publishedShas] = await Promise.all([
    readers.remaining(),
    published === undefined ? new Set<string>() : publishedCommits(published),
  ]);
  return makePlan({ ...input, publishedShas, ...(remaining === undefined ? {} : { remaining }) });
}
