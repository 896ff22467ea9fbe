import { join } from "node:path";
import type { Output } from "../command.ts";
import type { Context } from "../context.ts";
import { diffOf } from "../drift/diffs.ts";
import { openReader, type Read, type Reader } from "../drift/reader.ts";
import {
  BATCH,
  type Found,
  inBatches,
  type Place,
  type Repositories,
  readTexts,
} from "../drift/repositories.ts";
import type { Data } from "../drift/state.ts";
import type { ImportDocument } from "../engine.ts";
import { connect } from "../github.ts";
import { importDocument } from "./document.ts";
import { type Existing, placeOf, readExisting, repositoryOf } from "./existing.ts";
import { knownText, type Planned, plannedCreates, TYPE, toPrepare } from "./planned.ts";
import { pagesNotes, type Setting, secretNotes, settingsFor } from "./settings.ts";

/** A file that the first update writes over. */
export interface Rewritten {
  /** `owner/repository`. */
  readonly repository: string;
  readonly path: string;
  readonly why: string;
  /** Unified diff from what is there to what will be, safe to print; none where one of the two is not known, or too much differs. */
  readonly diff?: string;
}

/** Something that could not be read, or cannot be managed as it is. */
export interface Problem {
  readonly repository: string;
  readonly reason: string;
}

/** Everything that adopting a fleet needs, read without a write. */
export interface Adoption {
  readonly document: ImportDocument;
  /** What an update makes first; none of it is on GitHub. */
  readonly prepare: readonly string[];
  /** How much of what the fleet needs is there already. */
  readonly found: {
    readonly repositories: number;
    readonly files: number;
    readonly secrets: number;
    readonly settings: number;
  };
  readonly rewritten: readonly Rewritten[];
  /** Resources that the first update creates. */
  readonly created: number;
  readonly settings: readonly Setting[];
  readonly notes: readonly string[];
  readonly problems: readonly Problem[];
}

/** Looks at GitHub for what the stack would create, and gives what there is of it already. */
export async function look(context: Context, output: Output): Promise<Adoption> {
  const { config, rawConfig, fleet, settings } = context;
  const { owner, repository: composer } = fleet.composer;
  const planned = await plannedCreates(context, output);
  const github = connect(config, rawConfig, { onlyReads: true });
  const reader = await openReader(github, join(settings.home, ".satis-fleet", "adopt-cache.json"));
  const { existing, repositories } = await readExisting({ github, reader, owner }, planned);
  const ids = new Map(
    [...existing].flatMap(([urn, one]): [string, string][] =>
      one.status === "there" ? [[urn, one.id]] : [],
    ),
  );
  const prepare = toPrepare(planned);
  const answers = await composerFacts(reader, context, planned, ids);
  const rewritten = await rewrittenFiles(reader, owner, planned, existing, repositories);
  const problems = [...problemsOf(owner, composer, planned, existing, repositories), ...answers.problems];
  return {
    document: importDocument(planned, ids, new Set(prepare)),
    prepare,
    found: countFound(planned, ids),
    rewritten,
    created: [...existing.values()].filter(({ status }) => status === "absent").length,
    settings: settingsFor(config, composer, answers.facts),
    notes: [...pagesNotes(config, answers.facts.pages), ...secretNotes(config, answers.facts)],
    problems,
  };
}

function countFound(planned: readonly Planned[], ids: ReadonlyMap<string, string>): Adoption["found"] {
  const types = planned.filter(({ urn }) => ids.has(urn)).map(({ type }) => type);
  const count = (...wanted: string[]) => types.filter((type) => wanted.includes(type)).length;
  const repositories = count(TYPE.repository);
  const files = count(TYPE.file);
  const secrets = count(TYPE.secret, TYPE.environmentSecret, TYPE.organizationSecret);
  return { repositories, files, secrets, settings: types.length - repositories - files - secrets };
}

async function composerFacts(
  reader: Reader,
  { config, fleet }: Context,
  planned: readonly Planned[],
  ids: ReadonlyMap<string, string>,
) {
  const { owner, repository: repo } = fleet.composer;
  const name = config.secretName;
  const asked =
    config.notify === "dispatch" && config.secretScope === "repository" && fleet.packages.length > 0;
  const [repository, pages, secret] = await Promise.all([
    reader.read("GET /repos/{owner}/{repo}", { owner, repo }, pick("name", "default_branch", "visibility")),
    reader.read("GET /repos/{owner}/{repo}/pages", { owner, repo }, pick("build_type", "source", "cname")),
    asked
      ? reader.read("GET /orgs/{owner}/actions/secrets/{name}", { owner, name }, () => ({}))
      : ({ status: "absent" } as const),
  ]);
  const own = planned.some(({ urn, type }) => type === TYPE.secret && ids.has(urn));
  const answered = (read: Read) => (read.status === "there" ? read.value : undefined);
  const unread = [repository, pages].flatMap((read) => (read.status === "unread" ? [read.reason] : []));
  return {
    facts: {
      repository: answered(repository),
      pages: answered(pages),
      organizationSecret: secret,
      repositorySecrets: own,
    },
    problems: [...new Set(unread)].map((reason) => ({ repository: `${owner}/${repo}`, reason })),
  };
}

function pick(...keys: readonly string[]): (body: Data) => Data {
  return (body) => Object.fromEntries(keys.map((key) => [key, body[key]]));
}

async function rewrittenFiles(
  reader: Reader,
  owner: string,
  planned: readonly Planned[],
  existing: ReadonlyMap<string, Existing>,
  repositories: Repositories,
): Promise<readonly Rewritten[]> {
  const files = planned.flatMap((one) => {
    const found = existing.get(one.urn);
    const repository = repositoryOf(one);
    if (found?.status !== "rewritten" || repository === undefined) return [];
    return [{ one, why: found.why, place: placeOf(one), repository }];
  });
  const rewritten = await Promise.all(
    inBatches(files, BATCH).map(async (batch) => {
      const asked = batch.map(({ repository, place }) => {
        const { owner: at, name } = repositories.get(repository.toLowerCase()) as Found;
        return { owner: at, name, ...place };
      });
      const texts = await readTexts(reader, asked);
      return batch.map(({ one, why, place, repository }, index) => {
        const diff =
          why === "content" ? patch(place, texts.get(index)?.text, knownText(one.inputs.content)) : undefined;
        return {
          repository: `${owner}/${repository}`,
          path: place.path,
          why:
            why === "content"
              ? "its content differs"
              : "its last commit's message makes GitHub skip workflows, and every later change would repeat it",
          ...(diff === undefined ? {} : { diff }),
        };
      });
    }),
  );
  return rewritten.flat();
}

function patch({ path }: Place, before: string | undefined, after: string | undefined): string | undefined {
  if (before === undefined || after === undefined) return undefined;
  return diffOf(path, before, after, ["GitHub", "fleet"]);
}

function problemsOf(
  owner: string,
  composer: string,
  planned: readonly Planned[],
  existing: ReadonlyMap<string, Existing>,
  repositories: Repositories,
): readonly Problem[] {
  const found = planned.flatMap((one): [string, string][] => {
    const what = existing.get(one.urn);
    const repository = `${owner}/${repositoryOf(one) ?? ""}`;
    return what?.status === "unread" || what?.status === "out of reach" ? [[repository, what.reason]] : [];
  });
  const gone = [...repositories]
    .filter(([name, { status }]) => status === "gone" && name !== composer.toLowerCase())
    .map(([name]): [string, string] => [`${owner}/${name}`, "is not there, or the token may not see it"]);
  const unique = new Map([...gone, ...found].map((one) => [one.join("\n"), one]));
  return [...unique.values()].map(([repository, reason]) => ({ repository, reason }));
}
