import { setTimeout as pause } from "node:timers/promises";
import { safeText } from "../fleet/findings.ts";
import { isPackageName } from "../fleet/grammar.ts";
import type { RegistrySettings } from "../fleet/registry-settings.ts";
import { openRegistry, type Registry, remoteState } from "./branch.ts";
import { type Environment, liveAddress } from "./environment.ts";
import { PublishError } from "./fault.ts";
import { githubFetch } from "./github.ts";
import { clearMarker } from "./publish.ts";
import { BUILD_KEY, type BuildRecord } from "./record.ts";
import { packageFiles, sha256 } from "./tree.ts";
import type { Work } from "./work.ts";

/** Time as the confirmation sees it. */
export interface Clock {
  now(): number;
  sleep(milliseconds: number): Promise<unknown>;
}

export interface ConfirmInput {
  readonly work: Work;
  readonly environment: Environment;
  readonly settings: Pick<
    RegistrySettings,
    "owner" | "repository" | "registryBranch" | "hosting" | "registryUrl" | "metadataUrl"
  >;
  /** What was deployed. */
  readonly record: Pick<BuildRecord, "build" | "packages">;
  /** Commit that holds it. */
  readonly commit: string;
  readonly clock?: Clock;
  /** @default 15 minutes: a deployment may take ten */
  readonly patienceMs?: number;
  readonly onWait?: (reason: string, seconds: number) => void;
}

const CLOCK: Clock = { now: Date.now, sleep: pause };
const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 30_000;

/**
 * Waits until the live registry shows the build, then ends its marker.
 *
 * `confirmed`: packages.json carries the build's id and one package's file is byte for byte what was built. `overtaken`: a later
 * build has been published meanwhile, whose own run confirms it.
 *
 * @throws PublishError where the site does not show it in time; the marker stays, so that the next run deploys again
 */
export async function confirm(input: ConfirmInput): Promise<"confirmed" | "overtaken"> {
  const { record, commit, clock = CLOCK, patienceMs = 15 * 60_000 } = input;
  const registry = await openRegistry(input.work, input.environment, input.settings);
  const end = clock.now() + patienceMs;
  for (let wait = FIRST_PAUSE_MS; ; wait = Math.min(wait * 1.5, LONGEST_PAUSE_MS)) {
    const missing = await missingFrom(input);
    if (missing === undefined) {
      await clearMarker(registry, commit);
      return "confirmed";
    }
    if (await isOvertaken(registry, commit, missing.build, record.build)) return "overtaken";
    if (clock.now() + wait > end) throw neverUpdated(input, missing.reason);
    input.onWait?.(missing.reason, Math.round(wait / 1000));
    await clock.sleep(wait);
  }
}

/** What the site still lacks. */
interface Missing {
  /** Fit to print. */
  readonly reason: string;
  /** Build that it shows instead. */
  readonly build?: string;
}

async function missingFrom(input: ConfirmInput): Promise<Missing | undefined> {
  const { settings, record, environment } = input;
  const live = (address: URL) => liveAddress(environment, settings.hosting, address);
  const index = await read(input, live(new URL(indexAddress(settings))));
  if (index.text === undefined) return { reason: `packages.json: ${index.reason}` };
  const build = buildOf(index.text);
  if (build === undefined) return { reason: "packages.json carries no build" };
  if (build !== record.build) return { reason: `packages.json shows build ${safeText(build)}`, build };
  const sample = samplePackage(record);
  if (sample === undefined) return undefined;
  const address = new URL(
    settings.metadataUrl.replaceAll("%package%", sample.name),
    new URL(settings.registryUrl).origin,
  );
  const file = await read(input, live(address));
  if (file.text === undefined) return { reason: `${sample.name}: ${file.reason}`, build };
  return sha256(file.text) === sample.digest
    ? undefined
    : { reason: `${sample.name} is not what was built`, build };
}

/** With Pages, below the address that consumers write; with `private` that address is the file itself. */
function indexAddress({ hosting, registryUrl }: Pick<RegistrySettings, "hosting" | "registryUrl">): string {
  return hosting === "private" ? registryUrl : `${registryUrl.replace(/\/+$/, "")}/packages.json`;
}

function buildOf(text: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== "object" || parsed === null) return undefined;
    const build = (parsed as Record<string, unknown>)[BUILD_KEY];
    return typeof build === "string" ? build.slice(0, 100) : undefined;
  } catch {
    return undefined;
  }
}

/** The first package that has a file; its name becomes part of an address, so it must be one. */
function samplePackage({ packages }: Pick<BuildRecord, "packages">) {
  for (const [name, { files }] of Object.entries(packages)) {
    const digest = files[packageFiles(name)[0]];
    if (digest !== undefined && isPackageName(name)) return { name, digest };
  }
  return undefined;
}

/** Reads past caches; only GitHub's API gets the token, a site never does. */
async function read(
  { settings, environment, clock = CLOCK }: ConfirmInput,
  address: URL,
): Promise<{ readonly text: string } | { readonly text?: undefined; readonly reason: string }> {
  const isPrivate = settings.hosting === "private";
  if (!isPrivate) address.searchParams.set("satis-fleet", String(clock.now()));
  try {
    const response = await githubFetch(
      address,
      {
        headers: {
          "cache-control": "no-cache",
          ...(isPrivate ? { accept: "application/vnd.github.raw" } : {}),
        },
      },
      {
        // What fails is asked again by the one who waits.
        repeatable: false,
        ...(isPrivate ? { token: environment.pushToken ?? environment.readToken } : {}),
        sleep: clock.sleep,
      },
    );
    const text = await response.text();
    return response.ok ? { text } : { reason: `the answer is ${response.status}` };
  } catch (error) {
    return { reason: error instanceof PublishError ? error.message : "the answer broke off" };
  }
}

/** Builds' ids begin with their time, so a later one is known by its id; the branch then tells whether it is there to stay. */
async function isOvertaken(
  registry: Registry,
  commit: string,
  shown: string | undefined,
  own: string,
): Promise<boolean> {
  return shown !== undefined && shown > own && (await remoteState(registry)).tip !== commit;
}

function neverUpdated({ settings, record, patienceMs }: ConfirmInput, reason: string): PublishError {
  const minutes = Math.round((patienceMs ?? 15 * 60_000) / 60_000);
  const message = `the registry did not show build ${record.build} within ${minutes} minutes (${reason})`;
  const remedy =
    settings.hosting === "private"
      ? "check that the token may read the composer repository; the next run looks again"
      : "look at the deployment and at the repository's Pages settings; the next run deploys again";
  return new PublishError([{ by: "confirm", message, remedy }]);
}
