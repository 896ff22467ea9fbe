import { WORKFLOW_PATHS } from "../../workflows/composer.ts";
import { NOTIFY_PATH } from "../../workflows/notify.ts";
import type { Context } from "../context.ts";
import type { PermissionProbe } from "./permissions.ts";
import { type Prober, repositoryPath } from "./probe.ts";
import type { Sight } from "./repositories.ts";

/** A name that no secret may have: a request for it is refused whatever else it says. */
const NO_SECRET = "GITHUB_";
/** The blob id of nothing: a change that names it as the file's present one is refused. */
const NO_BLOB = "0".repeat(40);

/** What has been found out before permissions are asked for. */
export interface Known {
  readonly sight: Sight;
  readonly consumers: Sight;
  readonly composerExists: boolean;
  /** Whether the owner is a person, not an organization. */
  readonly ownedByUser: boolean;
}

/** The requests that tell each permission which this fleet needs; none of them can change anything. */
export async function providerProbes(
  context: Context,
  probe: Prober,
  { sight, consumers, composerExists, ownedByUser }: Known,
): Promise<readonly PermissionProbe[]> {
  const inComposer = composerExists
    ? await composerProbes(context, probe)
    : createProbes(context, ownedByUser);
  const inConsumer = consumerProbes(context, consumers);
  return [...(await packageProbes(context, probe, sight)), ...inConsumer, ...inComposer];
}

/** A token has one set of permissions for all of its repositories: one package stands for them. */
async function packageProbes(
  { config, fleet }: Context,
  probe: Prober,
  { seen }: Sight,
): Promise<readonly PermissionProbe[]> {
  if (config.notify !== "dispatch") return [];
  const { organizationSecret } = fleet.features;
  const usable = fleet.packages.filter(({ id }) => seen.some((one) => one.id === id && !one.isArchived));
  const probes: PermissionProbe[] = [];
  const secretive = usable.find(({ delivery }) => !organizationSecret || delivery !== "commit");
  if (secretive) {
    const path = repositoryPath(secretive.owner, secretive.repository, `/actions/secrets/${NO_SECRET}`);
    probes.push({ permission: "Secrets: write", where: secretive.id, method: "PUT", path, body: {} });
  }
  const committed = usable.find(({ delivery }) => delivery === "commit");
  if (committed) {
    const path = repositoryPath(committed.owner, committed.repository, "/git/refs");
    probes.push({ permission: "Contents: write", where: committed.id, method: "POST", path, body: {} });
    probes.push(...(await workflowProbe(probe, committed.id, NOTIFY_PATH)));
  }
  if (organizationSecret) {
    const { owner } = fleet.composer;
    const path = `/orgs/${encodeURIComponent(owner)}/actions/secrets/${NO_SECRET}`;
    probes.push({ permission: "Organization secrets: write", where: owner, method: "PUT", path, body: {} });
  }
  return probes;
}

/** What consumers need, and packages or the composer repository may not; one stands for all of them. */
function consumerProbes({ fleet }: Context, { seen }: Sight): readonly PermissionProbe[] {
  const usable = fleet.consumers.filter(({ id }) => seen.some((one) => one.id === id && !one.isArchived));
  const at = ({ owner, repository }: { readonly owner: string; readonly repository: string }, rest: string) =>
    repositoryPath(owner, repository, rest);
  const secretive = usable.find(({ secretNames }) => secretNames.length > 0);
  const committed = usable.find(({ updated, delivery }) => updated.length > 0 && delivery === "commit");
  const permitted = usable.find(({ workflowPermissions }) => workflowPermissions !== undefined);
  const probes: (PermissionProbe | undefined)[] = [
    secretive && {
      permission: "Secrets: write",
      where: secretive.id,
      method: "PUT",
      path: at(secretive, `/actions/secrets/${NO_SECRET}`),
      body: {},
    },
    committed && {
      permission: "Contents: write",
      where: committed.id,
      method: "POST",
      path: at(committed, "/git/refs"),
      body: {},
    },
    permitted && {
      permission: "Administration: write",
      where: permitted.id,
      method: "POST",
      path: at(permitted, "/rulesets"),
      body: {},
    },
  ];
  return probes.filter((one) => one !== undefined);
}

/** Before the first update: whether the composer repository can be made. */
function createProbes({ config, fleet }: Context, ownedByUser: boolean): readonly PermissionProbe[] {
  const { owner } = fleet.composer;
  if (!config.manageRepository) return [];
  const path = ownedByUser ? "/user/repos" : `/orgs/${encodeURIComponent(owner)}/repos`;
  return [{ permission: "Administration: write", where: owner, method: "POST", path, body: {} }];
}

async function composerProbes(
  { config, fleet }: Context,
  probe: Prober,
): Promise<readonly PermissionProbe[]> {
  const { features, composer } = fleet;
  const where = `${composer.owner}/${composer.repository}`;
  const path = (rest: string) => repositoryPath(composer.owner, composer.repository, rest);
  const post = (permission: string, rest: string, body: object = {}): PermissionProbe => ({
    permission,
    where,
    method: "POST",
    path: path(rest),
    body,
  });
  const probes = [
    post("Contents: write", "/git/refs"),
    ...(await workflowProbe(probe, where, WORKFLOW_PATHS.partialBuild)),
  ];
  if (config.manageRepository || features.environment)
    probes.push(post("Administration: write", "/rulesets"));
  // A site that is built from a branch has to name it.
  if (features.pages) probes.push(post("Pages: write", "/pages", { build_type: "legacy" }));
  if (!features.environment) return probes;
  probes.push({ permission: "Actions: read", where, method: "GET", path: path("/environments") });
  const environment = path("/environments/registry");
  // Without the environment GitHub answers 404, allowed or not.
  if ((await probe("GET", environment)).status !== 200) return probes;
  const secret = `${environment}/secrets/${NO_SECRET}`;
  return [...probes, { permission: "Environments: write", where, method: "PUT", path: secret, body: {} }];
}

/**
 * A change of a workflow file that is refused because it names a blob which is not the present one; its content is the present one.
 * None where there is no such file yet: Workflows: write shows in nothing else.
 */
async function workflowProbe(probe: Prober, id: string, path: string): Promise<readonly PermissionProbe[]> {
  const [owner = "", repository = ""] = id.split("/");
  const place = repositoryPath(owner, repository, `/contents/${path}`);
  const { status, body } = await probe("GET", place);
  const { content } = (body ?? {}) as { content?: unknown };
  if (status !== 200 || typeof content !== "string") return [];
  const change = {
    message: "probe of permissions, refused by its blob id",
    content: content.replace(/\s/g, ""),
    sha: NO_BLOB,
  };
  return [{ permission: "Workflows: write", where: id, method: "PUT", path: place, body: change }];
}
