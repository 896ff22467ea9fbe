import { consumerTokens, UPDATE_TOKEN_SECRET } from "../../fleet/consumers.ts";
import type { Consumer } from "../../fleet/derive.ts";
import { dispatchOf } from "../../fleet/subscriptions.ts";
import type { Context } from "../context.ts";
import { type Check, note, ok, unread, wrong } from "./check.ts";
import { checkExpiry, checkPermissions, type PermissionProbe } from "./permissions.ts";
import { messageIn, type Prober, prober, repositoryPath } from "./probe.ts";
import { checkSight, listed, lookAt } from "./repositories.ts";

const SUBSCRIBED = { one: "consumer", many: "consumers", file: "subscriptions.json" };

/**
 * What stands between consumers and their pull requests: whether Actions may open them, and the tokens that announce, read and open.
 *
 * @param probe with the provider's token
 */
export async function checkConsumers(
  context: Context,
  probe: Prober,
  composerExists: boolean,
): Promise<readonly Check[]> {
  if (context.fleet.consumers.length === 0) return [];
  return [
    ...(await checkOrganization(context, probe)),
    ...(await checkSettings(context, probe)),
    ...(await attempt("satis-fleet:announceToken", (name) => checkAnnounce(context, name))),
    ...(await attempt("satis-fleet:registryToken", (name) => checkRegistry(context, name, composerExists))),
    ...(await attempt("satis-fleet:consumerToken", (name) => checkOwn(context, name))),
  ];
}

const PULL_REQUESTS = "pull requests";

/** An organization that forbids it wins over each of its repositories. */
async function checkOrganization({ fleet, config }: Context, probe: Prober): Promise<readonly Check[]> {
  const asking = fleet.consumers.filter(({ workflowPermissions }) => workflowPermissions !== undefined);
  if (asking.length === 0) return [];
  const { owner } = config.github;
  return attempt(PULL_REQUESTS, async () => {
    const answer = await probe("GET", `/orgs/${encodeURIComponent(owner)}/actions/permissions/workflow`);
    // A person has no such setting.
    if (answer.status === 404) return [];
    if (answer.status === 403)
      return [note(PULL_REQUESTS, `GitHub does not tell this token whether ${owner} lets Actions open them`)];
    if (answer.status !== 200)
      return [unread(PULL_REQUESTS, `GitHub answers ${answer.status} ${messageIn(answer)}`)];
    const { can_approve_pull_request_reviews: allowed } = answer.body as {
      can_approve_pull_request_reviews?: boolean;
    };
    if (allowed) return [ok(PULL_REQUESTS, `${owner} lets Actions open them`)];
    const ids = listed(asking.map(({ id }) => id));
    const message = `${owner} forbids Actions to open them, and the next update fails to allow it in ${ids}`;
    const remedy =
      'allow it in the organization\'s settings of Actions, or write "token": true in these subscriptions and set satis-fleet:consumerToken';
    return [wrong(PULL_REQUESTS, message, remedy)];
  });
}

async function checkSettings({ fleet }: Context, probe: Prober): Promise<readonly Check[]> {
  const checks: Check[] = [];
  for (const consumer of fleet.consumers.filter(opensByItself)) {
    checks.push(...(await attempt(PULL_REQUESTS, () => checkSetting(consumer, probe))));
  }
  return checks;
}

/** Some subscription's pull requests are opened with the workflow's own token. */
function opensByItself({ updated }: Consumer): boolean {
  return updated.some(({ token }) => !token);
}

async function checkSetting(
  { id, owner, repository, workflowPermissions: level }: Consumer,
  probe: Prober,
): Promise<readonly Check[]> {
  const answer = await probe("GET", repositoryPath(owner, repository, "/actions/permissions/workflow"));
  if (answer.status !== 200)
    return [unread(PULL_REQUESTS, `${id}: GitHub answers ${answer.status} ${messageIn(answer)}`)];
  const { default_workflow_permissions: actual, can_approve_pull_request_reviews: allowed } = answer.body as {
    default_workflow_permissions?: string;
    can_approve_pull_request_reviews?: boolean;
  };
  if (level === undefined && !allowed) {
    const remedy = `allow it in the settings of ${id}, or take "workflowPermissions": "unmanaged" out`;
    return [wrong(PULL_REQUESTS, `Actions may not open them in ${id}`, remedy)];
  }
  if (level === "read" && actual === "write") {
    const message = `workflows of ${id} may write by default, which the next update takes away from all of them`;
    const remedy =
      'write "workflowPermissions": "write", or "unmanaged", in its subscription; or see that they say what they need';
    return [wrong(PULL_REQUESTS, message, remedy)];
  }
  return [];
}

/** Tells consumers; one that it does not see is never told. */
async function checkAnnounce({ config, fleet, rawConfig }: Context, name: string): Promise<readonly Check[]> {
  const probe = prober(config.github.apiUrl, rawConfig[name]?.value);
  const first = await validity(name, probe);
  if (first.ended) return first.checks;
  const sight = await lookAt(
    probe,
    fleet.consumers.map(({ id }) => id),
  );
  const checks = [...first.checks, ...checkSight(name, sight, false, SUBSCRIBED)];
  for (const { id, owner, repository, updated, dispatched } of fleet.consumers) {
    const [one] = [...dispatched, ...updated];
    if (one === undefined || !sight.seen.some((seen) => seen.id === id)) continue;
    const path = repositoryPath(owner, repository, `/actions/workflows/${dispatchOf(one).workflow}`);
    // A workflow that is not there yet answers 404, allowed or not.
    if ((await probe("GET", path)).status === 404) continue;
    const probes = [
      { permission: "Actions: write", where: id, method: "POST", path: `${path}/dispatches`, body: {} },
    ] as const;
    return [...checks, ...(await checkPermissions(name, probe, probes))];
  }
  return [
    ...checks,
    note(name, "no workflow of a consumer is there yet: what it may do shows after the first update"),
  ];
}

/** Every consumer can read this one. */
async function checkRegistry(
  { config, fleet, rawConfig }: Context,
  name: string,
  composerExists: boolean,
): Promise<readonly Check[]> {
  const token = rawConfig[name]?.value;
  if (!token) return [];
  const probe = prober(config.github.apiUrl, token);
  const first = await validity(name, probe);
  if (first.ended || !composerExists) return first.checks;
  const { owner, repository } = fleet.composer;
  const where = `${owner}/${repository}`;
  const path = (rest: string) => repositoryPath(owner, repository, rest);
  const reads = await checkPermissions(name, probe, [
    { permission: "Contents: read", where, method: "GET", path: path("/commits?per_page=1") },
  ]);
  const excess = await probe("POST", path("/git/refs"), {});
  const more =
    excess.status === 422
      ? [note(name, `may also write the contents of ${where}; it needs Contents: read alone`)]
      : [];
  return [...first.checks, ...reads, ...more];
}

/** A token of its own opens pull requests in one consumer. */
async function checkOwn({ config, fleet, rawConfig }: Context, name: string): Promise<readonly Check[]> {
  const { tokens } = consumerTokens(rawConfig[name]?.value || undefined, fleet.consumers);
  const checks: Check[] = [];
  for (const { id, owner, repository, secretNames } of fleet.consumers) {
    const token = tokens.get(id);
    if (token === undefined || !secretNames.includes(UPDATE_TOKEN_SECRET)) continue;
    const probe = prober(config.github.apiUrl, token);
    const first = await validity(`${name} of ${id}`, probe);
    checks.push(...first.checks);
    if (first.ended) continue;
    const post = (permission: string, rest: string): PermissionProbe => ({
      permission,
      where: id,
      method: "POST",
      path: repositoryPath(owner, repository, rest),
      body: {},
    });
    const probes = [post("Contents: write", "/git/refs"), post("Pull requests: write", "/pulls")];
    checks.push(...(await checkPermissions(`${name} of ${id}`, probe, probes)));
  }
  return checks;
}

async function validity(name: string, probe: Prober): Promise<{ checks: readonly Check[]; ended: boolean }> {
  const answer = await probe("GET", "/rate_limit");
  if (answer.status === 401) {
    const message = "GitHub does not know the token (401): it is wrong, has ended or was revoked";
    return { checks: [wrong(name, message, "make a new one, and set it again")], ended: true };
  }
  const expiry = checkExpiry(name, answer);
  return { checks: [ok(name, "is valid"), ...(expiry ? [expiry] : [])], ended: false };
}

async function attempt(
  name: string,
  check: (name: string) => Promise<readonly Check[]>,
): Promise<readonly Check[]> {
  try {
    return await check(name);
  } catch (error) {
    return [unread(name, error instanceof Error ? error.message : String(error))];
  }
}
