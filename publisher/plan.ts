import type { RegistrySettings } from "../fleet/registry-settings.ts";
import { publishedBy } from "./claim.ts";
import { estimateCalls } from "./cost.ts";
import { type JudgedHint, judgeHint } from "./hints.ts";
import type { NameResult } from "./names.ts";
import type { BuildRecord } from "./record.ts";
import type { Refs, RefsResult } from "./refs/source.ts";
import type { SourceRepository, Sources } from "./repositories.ts";
import { type Looked, lookAt } from "./stale.ts";

/** What a run is going to do, as `plan.json` keeps it. */
export interface Plan {
  readonly build: string;
  readonly now: string;
  /** `none`: nothing is stale. `deploy`: the branch is right and the site is not known to be. */
  readonly action: "none" | "deploy" | "partial" | "full";
  /** Why, for people, in the order of weight. */
  readonly reasons: readonly string[];
  /** Commit of the published tree, where there is one. */
  readonly publishedCommit?: string;
  readonly previous?: BuildRecord;
  readonly inputs: BuildRecord["inputs"];
  readonly repositories: readonly PlannedRepository[];
  /** Calls that building costs, estimated, and how it is therefore to be built. */
  readonly cost: { readonly calls: number; readonly remaining?: number; readonly clones: boolean };
  /** What was asked for by name, and what came of it. */
  readonly hints: readonly JudgedHint[];
}

/** One repository of the plan. */
export interface PlannedRepository extends SourceRepository {
  /** Digest of its refs; absent where they could not be read. */
  readonly digest?: string;
  readonly refs?: Refs;
  readonly error?: RefsResult["error"];
  readonly stale: boolean;
  /**
   * Package name: from composer.json of the default branch for what is stale, else the one it is published under, else from
   * satis.json. Absent where nobody knows it: then it cannot be built by name and is held under its id, with {@link nameError}.
   */
  readonly packageName?: string;
  /** Why composer.json gave no name; fit to print. */
  readonly nameError?: string;
}

/** Everything that a plan follows from. */
export interface PlanInput {
  readonly build: string;
  readonly now: Date;
  readonly sources: Sources;
  readonly settings: Pick<RegistrySettings, "githubHost" | "owner" | "repository" | "registryBranch">;
  readonly refs: ReadonlyMap<string, RefsResult>;
  /** By repository id; asked for what is stale. */
  readonly names: ReadonlyMap<string, NameResult>;
  readonly inputs: BuildRecord["inputs"];
  /** Commit of the published tree; absent before the first publish. */
  readonly publishedCommit?: string;
  /** build.json of the published tree, where it is one of ours. */
  readonly previous?: BuildRecord;
  readonly publishedVerifies: boolean;
  /** The failure marker's build, and whether the branch carries it. */
  readonly marker?: { readonly build: string; readonly published: boolean };
  readonly force?: { readonly full?: boolean; readonly deploy?: boolean };
  readonly hints?: readonly string[];
  /** Calls of GitHub's REST API that are left; absent where there is no limit, or nobody knows it. */
  readonly remaining?: number;
  /** Commits of published versions, which Composer's cache has. */
  readonly publishedShas?: ReadonlySet<string>;
}

const WEEK = 7 * 24 * 3_600_000;

/**
 * Decides what a run does; the same input gives the same plan.
 *
 * Everything is built where Satis's settings or the publisher changed, where there is no sound tree to start from, weekly, or when
 * something is stale in a file that cannot be built by name. Otherwise what is stale is built, and nothing else. A repository whose
 * refs could not be read never starts a build; the build that others start holds its packages.
 */
export function makePlan(input: PlanInput): Plan {
  const { previous, publishedCommit, remaining } = input;
  const looked = lookAt(input.sources, input.refs, previous, input.settings);
  const repositories = looked.map((one) => planned(one, input));
  const needed = looked.filter((one, index) => isWorthBuilding(one, repositories[index], previous));
  const { action, reasons } = decide(input, needed);
  const built = action === "full" ? looked : action === "partial" ? needed : [];
  const calls = estimateCalls(built, previous, input.publishedShas);
  return {
    build: input.build,
    now: input.now.toISOString(),
    action,
    reasons,
    ...(publishedCommit === undefined ? {} : { publishedCommit }),
    ...(previous === undefined ? {} : { previous }),
    inputs: input.inputs,
    repositories,
    cost: {
      calls,
      ...(remaining === undefined ? {} : { remaining }),
      clones: remaining !== undefined && calls > remaining,
    },
    hints: (input.hints ?? []).map((hint) => judgeHint(hint, repositories)),
  };
}

function planned({ source, stale, ...look }: Looked, { names, previous }: PlanInput): PlannedRepository {
  const { packageName: given, ...rest } = source;
  const read = stale === undefined ? undefined : names.get(source.id);
  const packageName = read?.name ?? lastName(source, previous) ?? given;
  return {
    ...rest,
    ...look,
    stale: stale !== undefined,
    ...(packageName === undefined ? {} : { packageName }),
    ...(read?.error === undefined ? {} : { nameError: read.error }),
  };
}

/** The name under which it is published; of several, which only a name in satis.json allows, the one that satis.json gives. */
function lastName(
  { id, packageName }: SourceRepository,
  previous: BuildRecord | undefined,
): string | undefined {
  const isPublished = previous?.repositories[id]?.packages.some((name) => name === packageName) === true;
  return isPublished ? packageName : publishedBy(id, previous);
}

/** What has no name cannot be built, and once that is in the record a build would say nothing new. */
function isWorthBuilding(
  { source, stale }: Looked,
  repository: PlannedRepository | undefined,
  previous: BuildRecord | undefined,
): boolean {
  const isToldAlready = repository?.packageName === undefined && previous?.held[source.id] !== undefined;
  return stale !== undefined && !isToldAlready;
}

function decide(input: PlanInput, needed: readonly Looked[]): Pick<Plan, "action" | "reasons"> {
  const why = staleReasons(needed);
  const whole = wholeReasons(input);
  const { wholeOnly } = input.sources;
  if (whole.length > 0) return { action: "full", reasons: [...whole, ...why] };
  if (needed.length > 0 && wholeOnly.length > 0) {
    const limits = wholeOnly.map((reason) => `satis.json can only be built as a whole: ${reason}`);
    return { action: "full", reasons: [...why, ...limits] };
  }
  if (needed.length > 0) return { action: "partial", reasons: why };
  const deploy = deployReasons(input);
  return deploy.length > 0
    ? { action: "deploy", reasons: deploy }
    : { action: "none", reasons: ["nothing is stale"] };
}

function wholeReasons({
  force,
  previous,
  publishedCommit,
  publishedVerifies,
  inputs,
  now,
}: PlanInput): string[] {
  const asked = force?.full === true ? ["a build of everything was asked for"] : [];
  if (publishedCommit === undefined) return [...asked, "nothing is published yet"];
  if (previous === undefined) return [...asked, "the published tree has no build.json that can be read"];
  const changed = (
    [
      ["satis", "satis.json"],
      ["settings", "settings.json"],
      ["publisher", "the publisher"],
    ] as const
  ).flatMap(([key, name]) =>
    inputs[key] === previous.inputs[key] ? [] : [`${name} changed since build ${previous.build}`],
  );
  const isWeekly = now.getTime() - Date.parse(previous.fullBuiltAt) >= WEEK;
  return [
    ...asked,
    ...(publishedVerifies ? [] : ["the published tree does not verify"]),
    ...changed,
    ...(isWeekly ? [`everything was last built at ${previous.fullBuiltAt}, a week ago or more`] : []),
  ];
}

function deployReasons({ marker, force, previous }: PlanInput): string[] {
  const marked =
    marker?.published === true
      ? [`build ${marker.build} is published, and the site was never seen to carry it`]
      : [];
  // Without a published tree there is nothing to deploy, and a full build is due anyway.
  return force?.deploy === true && previous !== undefined
    ? ["a deployment was asked for", ...marked]
    : marked;
}

function staleReasons(needed: readonly Looked[]): string[] {
  const kinds = [
    ["changed", "changed"],
    ["new", "never built with success"],
    ["held", "held, and tried again"],
  ] as const;
  return kinds.flatMap(([kind, words]) => {
    const ids = needed.filter(({ stale }) => stale === kind).map(({ source }) => source.id);
    if (ids.length === 0) return [];
    const more = ids.length > NAMED ? ` and ${ids.length - NAMED} more` : "";
    const count = ids.length === 1 ? "1 repository" : `${ids.length} repositories`;
    return [`${count} ${words}: ${ids.slice(0, NAMED).join(", ")}${more}`];
  });
}

/** Repositories that a reason names. */
const NAMED = 10;
