import { setCommand } from "../../fleet/config-reader.ts";
import { PARTIAL_BUILD_FILE } from "../../workflows/notify.ts";
import type { Context } from "../context.ts";
import { credentialOf, tokenOf } from "../github.ts";
import { type Check, note, ok, unread, wrong } from "./check.ts";
import { checkExpiry, checkPermissions, checkScopes, classicScopes } from "./permissions.ts";
import { type Answer, messageIn, type Prober, prober, repositoryPath } from "./probe.ts";
import { providerProbes } from "./provider-probes.ts";
import { mintReadToken } from "./read-app.ts";
import { checkSight, lookAt, PACKAGES, type Sight } from "./repositories.ts";

/** What the other checks need to know of the provider's token. */
export interface ProviderSight {
  readonly checks: readonly Check[];
  /** `undefined` where the token is none. */
  readonly probe?: Prober;
  readonly sight?: Sight;
  /** The owner as GitHub describes it. */
  readonly account?: Answer;
  /** `undefined`: not known. */
  readonly composerExists?: boolean;
}

/** The token, or App, that the program runs with. @param wasMade whether the state has the composer repository */
export async function checkProvider(context: Context, wasMade: boolean): Promise<ProviderSight> {
  const { config, fleet, rawConfig } = context;
  const name = credentialOf(rawConfig)?.key ?? "github:token";
  const token = await tokenOf(context.github, rawConfig).catch((error: Error) => error);
  if (token instanceof Error)
    return {
      checks: [wrong(name, `the App gives no token: ${token.message}`, "check its id, installation and key")],
    };
  if (token === undefined) {
    return { checks: [wrong(name, "there is no token", `${setCommand(name)}, or set GITHUB_TOKEN`)] };
  }
  const probe = prober(config.github.apiUrl, token);
  try {
    const account = await accountOf(probe, config.github.owner);
    if (account.status === 401) return { checks: [invalid(name)] };
    if (account.status === 404) {
      return {
        checks: [wrong(name, `GitHub has no ${config.github.owner}`, "pulumi config set github:owner OWNER")],
      };
    }
    const checks: Check[] = [ok(name, "is valid")];
    const expiry = checkExpiry(name, account);
    if (expiry) checks.push(expiry);
    const sight = await lookAt(
      probe,
      fleet.packages.map(({ id }) => id),
    );
    checks.push(...checkSight(name, sight, config.notify === "dispatch"));
    const updated = fleet.consumers.filter((one) => one.updated.length > 0).map(({ id }) => id);
    const consumers = await lookAt(probe, updated);
    const role = { one: "consumer", many: "consumers", file: "subscriptions.json" };
    if (updated.length > 0) checks.push(...checkSight(name, consumers, true, role));
    const { owner, repository } = fleet.composer;
    const composer = await probe("GET", repositoryPath(owner, repository));
    const composerExists = composer.status === 200;
    if (!composerExists && composer.status !== 404) {
      const said = `${composer.status} ${messageIn(composer)}`.trim();
      checks.push(unread(name, `${owner}/${repository} cannot be read: ${said}`));
    } else if (!composerExists && wasMade) {
      const remedy = "give the token that repository; where somebody deleted it, fleet drift --repair";
      checks.push(wrong(name, `does not see ${owner}/${repository}, which an update has made`, remedy));
    } else if (!composerExists && !config.manageRepository) {
      const remedy = `give the token that repository, or ${setCommand("satis-fleet:manageRepository", "true")}`;
      checks.push(wrong(name, `does not see ${owner}/${repository}, which the update does not make`, remedy));
    }
    checks.push(
      ...(await providerPermissions(context, name, probe, { sight, consumers, composerExists, account })),
    );
    return { checks, probe, sight, account, composerExists };
  } catch (error) {
    return { checks: [unread(name, (error as Error).message)] };
  }
}

async function providerPermissions(
  context: Context,
  name: string,
  probe: Prober,
  {
    sight,
    consumers,
    composerExists,
    account,
  }: Required<Pick<ProviderSight, "sight" | "composerExists" | "account">> & { readonly consumers: Sight },
): Promise<readonly Check[]> {
  const scopes = classicScopes(account);
  if (scopes) {
    const organization = context.fleet.features.organizationSecret ? ["admin:org"] : [];
    return [checkScopes(name, scopes, ["repo", "workflow", ...organization])];
  }
  const ownedByUser = (account.body as { type?: unknown } | undefined)?.type === "User";
  const known = { packages: sight, consumers, composerExists, ownedByUser };
  const { probes, unseen } = await providerProbes(context, probe, known);
  const checks = await checkPermissions(name, probe, probes);
  if (unseen.length === 0) return checks;
  return [...checks, note(name, `needs ${unseen.join(", ")}, too, which shows after the next update`)];
}

async function accountOf(probe: Prober, owner: string): Promise<Answer> {
  const segment = encodeURIComponent(owner);
  const organization = await probe("GET", `/orgs/${segment}`);
  return organization.status === 404 ? probe("GET", `/users/${segment}`) : organization;
}

/** The token that package repositories notify with. */
export async function checkDispatch(
  { config, fleet, rawConfig }: Context,
  composerExists: boolean,
): Promise<readonly Check[]> {
  const name = "satis-fleet:dispatchToken";
  const token = rawConfig[name]?.value;
  if (config.notify !== "dispatch") return [];
  return checkDispatchToken(name, prober(config.github.apiUrl, token), fleet.composer, composerExists);
}

/** The same for a token that is not in the configuration yet. */
export async function checkDispatchToken(
  name: string,
  probe: Prober,
  { owner, repository }: { readonly owner: string; readonly repository: string },
  composerExists: boolean,
): Promise<readonly Check[]> {
  const composer = `${owner}/${repository}`;
  try {
    const answer = await probe("GET", composerExists ? repositoryPath(owner, repository) : "/rate_limit");
    if (answer.status === 401) return [invalid(name)];
    const checks: Check[] = [ok(name, "is valid")];
    const expiry = checkExpiry(name, answer);
    if (expiry) checks.push(expiry);
    if (!composerExists)
      return [
        ...checks,
        note(name, `${composer} is not there yet: what it may do there shows after the first update`),
      ];
    if (answer.status === 404)
      return [...checks.slice(1), wrong(name, `does not see ${composer}`, `give the token ${composer}`)];
    const path = repositoryPath(owner, repository, `/actions/workflows/${PARTIAL_BUILD_FILE}/dispatches`);
    checks.push(
      ...(await checkPermissions(name, probe, [
        { permission: "Actions: write", where: composer, method: "POST", path, body: {} },
      ])),
    );
    // Whoever may write to a package repository can read this token.
    const excess = await probe("POST", repositoryPath(owner, repository, "/git/refs"), {});
    if (excess.status === 422)
      checks.push(note(name, `may also write the contents of ${composer}; it needs Actions: write alone`));
    return checks;
  } catch (error) {
    return [unread(name, (error as Error).message)];
  }
}

/** What builds read package repositories with: a token, or an App that mints one for each run. */
export async function checkRead(context: Context, sight: Sight | undefined): Promise<readonly Check[]> {
  const { config, fleet, rawConfig } = context;
  if (config.readAppId !== undefined) return checkReadApp(context, config.readAppId);
  const name = "satis-fleet:readToken";
  const token = rawConfig[name]?.value;
  const hidden = sight?.seen.filter(({ isPrivate }) => isPrivate) ?? [];
  if (token === undefined || token === "") {
    if (hidden.length === 0) return [];
    const message = `is missing, and ${hidden.length} package repositories are private: builds cannot read them`;
    return [wrong(name, message, setCommand(name))];
  }
  const probe = prober(config.github.apiUrl, token);
  try {
    const answer = await probe("GET", "/rate_limit");
    if (answer.status === 401) return [invalid(name)];
    const expiry = checkExpiry(name, answer);
    const reads = await checkReads(name, probe, fleet.packages);
    return [ok(name, "is valid"), ...(expiry ? [expiry] : []), ...reads];
  } catch (error) {
    return [unread(name, (error as Error).message)];
  }
}

async function checkReadApp({ config, fleet, rawConfig }: Context, id: string): Promise<readonly Check[]> {
  const name = "satis-fleet:readAppId";
  const { owner, apiUrl } = config.github;
  const key = rawConfig["satis-fleet:readAppKey"]?.value ?? "";
  try {
    const { checks, token } = await mintReadToken(apiUrl, { id, key, owner });
    if (token === undefined) return checks;
    const give = `add them to the App's installation on ${owner}`;
    return [...checks, ...(await checkReads(name, prober(apiUrl, token), fleet.packages, give))];
  } catch (error) {
    return [unread(name, (error as Error).message)];
  }
}

/** Whether a token reads every package repository. */
async function checkReads(
  name: string,
  probe: Prober,
  packages: readonly { readonly id: string }[],
  give?: string,
): Promise<readonly Check[]> {
  const sight = await lookAt(
    probe,
    packages.map(({ id }) => id),
  );
  const checks = [...checkSight(name, sight, false, { ...PACKAGES, ...(give ? { give } : {}) })];
  const first = sight.seen.find(({ isPrivate }) => isPrivate) ?? sight.seen[0];
  if (!first) return checks;
  const [owner = "", repository = ""] = first.id.split("/");
  const path = repositoryPath(owner, repository, "/commits?per_page=1");
  checks.push(
    ...(await checkPermissions(name, probe, [
      { permission: "Contents: read", where: first.id, method: "GET", path },
    ])),
  );
  const excess = await probe("POST", repositoryPath(owner, repository, "/git/refs"), {});
  if (excess.status === 422)
    checks.push(note(name, `may also write the contents of ${first.id}; it needs Contents: read alone`));
  return checks;
}

function invalid(name: string): Check {
  const remedy = `make a new one: pulumi config set --secret ${name}`;
  return wrong(name, "GitHub does not know the token (401): it is wrong, has ended or was revoked", remedy);
}
