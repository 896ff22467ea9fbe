import { UPDATE_WORKFLOW_PATH } from "../../fleet/announcement.ts";
import { REGISTRY_ENVIRONMENT, WORKFLOW_PATHS } from "../../workflows/composer.ts";
import { NOTIFY_PATH } from "../../workflows/notify.ts";
import {
  composerNeeds,
  consumerNeeds,
  type Need,
  type Needy,
  type Permission,
  packageNeeds,
  standIn,
} from "./needs.ts";
import { isUpgrade, type PermissionProbe } from "./permissions.ts";
import { type Prober, repositoryPath } from "./probe.ts";
import type { Sight } from "./repositories.ts";

/** A name that no secret may have: a request for it is refused whatever else it says. */
const NO_SECRET = "GITHUB_";
/** A name that no branch may have. */
const NO_BRANCH = "..";
/** No file's blob id: a change that names it as the file's present one is refused. */
const NO_BLOB = "1".repeat(40);

/** Below the repository or organization, the request that shows a permission: refused for what it lacks once it is allowed. */
const REQUESTS: Readonly<
  Record<Exclude<Permission, "Workflows: write">, Pick<PermissionProbe, "method" | "path" | "body">>
> = {
  "Actions: read": { method: "GET", path: "/environments" },
  "Administration: write": { method: "POST", path: "/rulesets", body: {} },
  "Contents: write": { method: "POST", path: "/git/refs", body: {} },
  "Environments: write": {
    method: "PUT",
    path: `/environments/${REGISTRY_ENVIRONMENT}/secrets/${NO_SECRET}`,
    body: {},
  },
  "Pages: read": { method: "GET", path: "/pages" },
  "Organization secrets: write": { method: "PUT", path: `/actions/secrets/${NO_SECRET}`, body: {} },
  // A site that is built from a branch needs one that is there.
  "Pages: write": { method: "POST", path: "/pages", body: { source: { branch: NO_BRANCH, path: "/" } } },
  "Pull requests: write": { method: "POST", path: "/pulls", body: {} },
  "Secrets: write": { method: "PUT", path: `/actions/secrets/${NO_SECRET}`, body: {} },
};

/** What has been found out before permissions are asked for. */
export interface Known {
  readonly packages: Sight;
  readonly consumers: Sight;
  readonly composerExists: boolean;
  /** Whether the owner is a person, not an organization. */
  readonly ownedByUser: boolean;
}

/** How the permissions that a fleet needs can be found out. */
export interface ProviderProbes {
  /** None of them can change anything. */
  readonly probes: readonly PermissionProbe[];
  /** Permissions that nothing shows yet. */
  readonly unseen: readonly Permission[];
}

/** The requests that tell each permission which this fleet needs of the provider's token. */
export async function providerProbes(context: Needy, probe: Prober, known: Known): Promise<ProviderProbes> {
  const { owner, repository } = context.fleet.composer;
  const composer = `${owner}/${repository}`;
  const needs = [
    ...packageNeeds(context, usable(known.packages)),
    ...consumerNeeds(context, usable(known.consumers)),
  ];
  const own = composerNeeds(context);
  const probes = await probesFor(probe, needs);
  if (known.composerExists) {
    probes.push(
      ...(await probesFor(
        probe,
        own.map((permission) => ({ permission, id: composer })),
      )),
    );
  } else {
    probes.push(...createProbes(context, known.ownedByUser));
    const open = own.filter((permission) => !asks(probes, permission));
    probes.push(...(await probesInstead(context, probe, known, open)));
  }
  const needed = new Set([...needs.map(({ permission }) => permission), ...own]);
  return { probes, unseen: [...needed].filter((permission) => !asks(probes, permission)) };
}

function usable({ seen }: Sight): ReadonlySet<string> {
  return new Set(seen.filter(({ isArchived }) => !isArchived).map(({ id }) => id));
}

function asks(probes: readonly PermissionProbe[], permission: Permission): boolean {
  return probes.some((one) => one.permission === permission);
}

/** @param isDoubtful whether what the request goes to may not be there; then it is made once to see whether it shows anything */
async function probesFor(
  probe: Prober,
  needs: readonly Need[],
  isDoubtful = (permission: Permission): boolean => permission === "Environments: write",
): Promise<PermissionProbe[]> {
  const probes: PermissionProbe[] = [];
  for (const { permission, id } of needs) {
    if (id === undefined) continue;
    const one = permission === "Workflows: write" ? await workflowProbe(probe, id) : probeOf(permission, id);
    if (one && !(isDoubtful(permission) && (await saysNothing(probe, one)))) probes.push(one);
  }
  return probes;
}

/** Of what is not there, or withheld by the plan, GitHub need not say whether the token may do it. */
async function saysNothing(probe: Prober, { method, path, body }: PermissionProbe): Promise<boolean> {
  const answer = await probe(method, path, body);
  return answer.status === 404 || isUpgrade(answer);
}

function probeOf(permission: keyof typeof REQUESTS, id: string): PermissionProbe {
  const { path, ...request } = REQUESTS[permission];
  return { permission, where: id, ...request, path: `${placeOf(id)}${path}` };
}

/** Path of `owner/repository`, or of an organization. */
function placeOf(id: string): string {
  const [owner = "", repository] = id.split("/");
  return repository === undefined ? `/orgs/${encodeURIComponent(owner)}` : repositoryPath(owner, repository);
}

/** Before the first update: whether the composer repository can be made. */
function createProbes({ config, fleet }: Needy, ownedByUser: boolean): readonly PermissionProbe[] {
  const { owner } = fleet.composer;
  if (!config.manageRepository) return [];
  const path = ownedByUser ? "/user/repos" : `/orgs/${encodeURIComponent(owner)}/repos`;
  return [{ permission: "Administration: write", where: owner, method: "POST", path, body: {} }];
}

/** Before the first update: what the composer repository needs, asked of another. */
async function probesInstead(
  context: Needy,
  probe: Prober,
  known: Known,
  open: readonly Permission[],
): Promise<readonly PermissionProbe[]> {
  const { owner, repository } = context.fleet.composer;
  const other = standIn(context, known);
  if (!other) return [];
  const shown = open
    // A site is made for the composer repository alone: of another one nothing is asked that could make one.
    .map((permission) => (permission === "Pages: write" ? "Pages: read" : permission))
    // What is public everybody reads.
    .filter((permission) => other.isPrivate || !permission.endsWith(": read"));
  const needs = shown.map((permission) => ({ permission, id: other.id }));
  const probes = await probesFor(probe, needs, () => true);
  return probes.map((one) => ({ ...one, where: `${one.where}, which stands for ${owner}/${repository}` }));
}

const FOLDER = ".github/workflows";
const MANAGED: ReadonlySet<unknown> = new Set([
  NOTIFY_PATH,
  UPDATE_WORKFLOW_PATH,
  ...Object.values(WORKFLOW_PATHS),
]);

/**
 * A change of a workflow file that is refused because it names a blob which is not the present one; its content is the present one.
 * None where there is no such file yet: Workflows: write shows in nothing else.
 */
async function workflowProbe(probe: Prober, id: string): Promise<PermissionProbe | undefined> {
  const contents = `${placeOf(id)}/contents`;
  const { body: list } = await probe("GET", `${contents}/${FOLDER}`);
  const files = (Array.isArray(list) ? list : []) as readonly { name?: unknown; type?: unknown }[];
  const names = files.flatMap(({ name, type }) =>
    type === "file" && typeof name === "string" && /\.ya?ml$/.test(name) ? [name] : [],
  );
  const name = names.find((one) => MANAGED.has(`${FOLDER}/${one}`)) ?? names[0];
  if (name === undefined) return undefined;
  const path = `${contents}/${FOLDER}/${encodeURIComponent(name)}`;
  const { status, body } = await probe("GET", path);
  const { content } = (body ?? {}) as { content?: unknown };
  if (status !== 200 || typeof content !== "string") return undefined;
  const change = {
    message: "probe of permissions, refused by its blob id",
    content: content.replace(/\s/g, ""),
    sha: NO_BLOB,
  };
  return { permission: "Workflows: write", where: id, method: "PUT", path, body: change };
}
