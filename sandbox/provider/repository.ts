/** github.Repository: every write is a PATCH of all settings, every read conditional. */
import { type Answer, isStatus, segment } from "./client.ts";
import { at, flagAt, numberAt, textAt, textsAt } from "./json.ts";
import { type Data, type Definition, type GitHub, messageOf, repositoryPath } from "./resource.ts";
import {
  each,
  isList,
  isObject,
  opt,
  orderSet,
  out,
  req,
  type Schema,
  sortSet,
  terraformName,
} from "./schema.ts";
import type { Properties, PropertyValue } from "./types.ts";

const status = opt("object", { fields: { status: req("string", { values: ["enabled", "disabled"] }) } });
const computed = { computed: true } as const;

const schema: Schema = {
  ...each(
    out("string"),
    "fullName gitCloneUrl htmlUrl httpCloneUrl nodeId primaryLanguage sshCloneUrl svnUrl",
  ),
  ...each(opt("string"), "description gitignoreTemplate homepageUrl licenseTemplate"),
  ...each(opt("bool"), "allowUpdateBranch archiveOnDestroy autoInit isTemplate"),
  ...each(opt("bool"), "hasDiscussions hasDownloads hasIssues hasProjects hasWiki"),
  ...each(opt("bool", computed), "allowForking vulnerabilityAlerts webCommitSignoffRequired"),
  ...each(opt("bool", { default: true }), "allowMergeCommit allowRebaseMerge allowSquashMerge"),
  ...each(opt("bool", { default: false }), "allowAutoMerge archived deleteBranchOnMerge"),
  ...each(opt("bool", { default: false }), "ignoreVulnerabilityAlertsDuringRead"),
  ...each(opt("string", { ...computed, refused: true }), "fork sourceOwner sourceRepo"),
  ...each(opt("object", { refused: true }), "pages template"),
  defaultBranch: opt("string", computed),
  etag: opt("string", { ...computed, suppressed: true, keptOnRefresh: true, refused: true }),
  mergeCommitMessage: opt("string", { default: "PR_TITLE" }),
  mergeCommitTitle: opt("string", { default: "MERGE_MESSAGE" }),
  name: req("string", {
    pattern: [
      /^[-a-zA-Z0-9_.]{1,100}$/,
      "must include only alphanumeric characters, underscores or hyphens and consist of 100 characters or less",
    ],
  }),
  private: opt("bool", { ...computed, conflictsWith: ["visibility"] }),
  repoId: out("int"),
  securityAndAnalysis: opt("object", {
    ...computed,
    fields: {
      ...each(status, "advancedSecurity codeSecurity secretScanning secretScanningAiDetection"),
      ...each(status, "secretScanningNonProviderPatterns secretScanningPushProtection"),
    },
  }),
  squashMergeCommitMessage: opt("string", { default: "COMMIT_MESSAGES" }),
  squashMergeCommitTitle: opt("string", { default: "COMMIT_OR_PR_TITLE" }),
  topics: opt("set", computed),
  visibility: opt("string", { ...computed, values: ["public", "private", "internal"] }),
};

const words = (...lines: readonly string[]) => lines.join(" ").split(" ");

const created = words(
  "name description hasIssues hasProjects hasWiki hasDiscussions isTemplate autoInit gitignoreTemplate",
  "licenseTemplate allowSquashMerge allowMergeCommit allowRebaseMerge allowUpdateBranch allowAutoMerge",
  "deleteBranchOnMerge",
);
const edited = [...created, "archived", "hasDownloads"];
/** What an archived repository's answer may lack, so that a read leaves it as it was. */
const unarchived = words(
  "allowAutoMerge allowMergeCommit allowRebaseMerge allowSquashMerge allowUpdateBranch allowForking",
  "deleteBranchOnMerge webCommitSignoffRequired hasDownloads mergeCommitMessage mergeCommitTitle",
  "squashMergeCommitMessage squashMergeCommitTitle",
);
const read = words(
  "description primaryLanguage homepageUrl private visibility hasIssues hasDiscussions hasProjects hasWiki",
  "isTemplate fullName defaultBranch htmlUrl sshCloneUrl svnUrl gitCloneUrl httpCloneUrl archived nodeId repoId",
);
/** The API's names where they are not Terraform's. */
const inAnswer: Readonly<Record<string, string>> = {
  primaryLanguage: "language",
  homepageUrl: "homepage",
  sshCloneUrl: "ssh_url",
  gitCloneUrl: "git_url",
  httpCloneUrl: "clone_url",
  repoId: "id",
};

export function repository(github: GitHub): Definition {
  return {
    schema,
    schemaVersion: 1,
    unsettles: (olds, planned) => (olds.name === planned.name ? [] : ["fullName"]),
    create: (data) => create(github, data),
    read: (data) => readRepository(github, data),
    update: (data) => update(github, data),
    remove: (data) => remove(github, data),
    import: async (data) => data.set({ autoInit: false }),
  };
}

async function create(github: GitHub, data: Data): Promise<void> {
  const branch = data.text("defaultBranch");
  if (branch !== "" && branch !== "main") {
    throw new Error("cannot set the default branch on a new repository to something other than 'main'");
  }
  const owner = github.isOrganization ? `orgs/${segment(github.owner)}/repos` : "user/repos";
  const body = {
    ...settings(data, created),
    visibility: visibility(data),
    ...optional(data, ["allowForking"]),
  };
  const { body: answer } = await github.call("POST", owner, { body });
  data.id = textAt(answer, "name");
  if (topicsOf(data).length > 0) await putTopics(github, data, data.text("name"));
  await update(github, data);
}

async function update(github: GitHub, data: Data): Promise<void> {
  if (data.flag("archived") && !data.changed("archived")) return;
  const path = repositoryPath(github, data.id);
  const repaint = data.changed("visibility", "private");
  const forking = optional(data, ["allowForking"]);
  const body = {
    ...editBody(data),
    ...(repaint ? {} : forking),
    ...optional(data, ["webCommitSignoffRequired"]),
    ...(data.changed("securityAndAnalysis") ? security(data) : {}),
    ...(data.changed("defaultBranch") && !data.isNew ? { default_branch: data.text("defaultBranch") } : {}),
  };
  const { body: answer } = await github.call("PATCH", path, { body });
  data.id = textAt(answer, "name");
  if (data.changed("topics")) await putTopics(github, data, data.id);
  await updateAlerts(github, data, path);
  if (repaint) await publish(github, data, path, { ...body, ...forking });
  await readRepository(github, data);
}

async function updateAlerts(github: GitHub, data: Data, path: string): Promise<void> {
  const wanted = data.values.vulnerabilityAlerts;
  if (typeof wanted !== "boolean" || !(data.isNew || data.changed("vulnerabilityAlerts"))) return;
  await github.call(wanted ? "PUT" : "DELETE", `${path}/vulnerability-alerts`);
}

/** The visibility goes alone, last; GitHub's complaint that it is so already is no failure. */
async function publish(github: GitHub, data: Data, path: string, body: object): Promise<void> {
  const wanted = visibility(data);
  try {
    await github.call("PATCH", path, { body: { ...body, visibility: wanted } });
  } catch (error) {
    const already = messageOf(error).includes(`Visibility is already ${wanted}`);
    if (!isStatus(error, 422) || !already) throw error;
  }
}

async function readRepository(github: GitHub, data: Data): Promise<void> {
  const path = repositoryPath(github, data.id);
  const etag = data.isNew ? undefined : data.text("etag");
  let answer: Answer;
  try {
    answer = await github.call("GET", path, { etag });
  } catch (error) {
    if (isStatus(error, 404)) data.id = "";
    else if (!isStatus(error, 304)) throw error;
    return;
  }
  const { body, headers } = answer;
  data.set({ etag: headers.etag ?? "", name: data.id });
  for (const name of read) data.set({ [name]: valueAt(name, body) });
  if (!data.flag("archived")) {
    for (const name of unarchived) data.set({ [name]: valueAt(name, body) });
  }
  data.set({
    topics: orderSet(textsAt(body, "topics")),
    fork: String(flagAt(body, "fork")),
    sourceOwner: textAt(body, "parent", "owner", "login"),
    sourceRepo: textAt(body, "parent", "name"),
    template: null,
  });
  const analysis = at(body, "security_and_analysis");
  if (typeof analysis !== "object" || analysis === null) return;
  const vulnerabilityAlerts = await hasAlerts(github, path, etag);
  data.set({ vulnerabilityAlerts, securityAndAnalysis: flattened(analysis) });
}

async function hasAlerts(github: GitHub, path: string, etag: string | undefined): Promise<boolean> {
  try {
    await github.call("GET", `${path}/vulnerability-alerts`, { etag });
    return true;
  } catch (error) {
    if (isStatus(error, 404)) return false;
    throw new Error(`error reading repository vulnerability alerts: ${messageOf(error)}`);
  }
}

async function remove(github: GitHub, data: Data): Promise<void> {
  const path = repositoryPath(github, data.id);
  if (!data.flag("archiveOnDestroy")) {
    await github.call("DELETE", path);
    return;
  }
  if (data.flag("archived")) return;
  data.set({ archived: true });
  await github.call("PATCH", path, {
    body: { ...editBody(data), ...security(data), visibility: visibility(data) },
  });
}

function editBody(data: Data): Record<string, unknown> {
  const topics = topicsOf(data);
  return { ...settings(data, edited), ...(topics.length > 0 ? { topics } : {}) };
}

function settings(data: Data, names: readonly string[]): Record<string, unknown> {
  const merge = data.flag("allowMergeCommit") ? ["mergeCommitTitle", "mergeCommitMessage"] : [];
  const squash = data.flag("allowSquashMerge") ? ["squashMergeCommitTitle", "squashMergeCommitMessage"] : [];
  const entries = [...names, ...merge, ...squash].map((name) => [
    terraformName(name, undefined),
    data.values[name] ?? zero(name),
  ]);
  return { ...Object.fromEntries(entries), homepage: data.text("homepageUrl") };
}

/** Settings that are sent only when the program decides them, and allowForking only where it means something. */
function optional(data: Data, names: readonly string[]): Record<string, unknown> {
  const sent = names.filter(
    (name) =>
      typeof data.values[name] === "boolean" &&
      (data.isNew || data.changed(name)) &&
      (name !== "allowForking" || visibility(data) !== "public"),
  );
  return Object.fromEntries(sent.map((name) => [terraformName(name, undefined), data.values[name]]));
}

function visibility(data: Data): string {
  return data.text("visibility") || (data.flag("private") ? "private" : "public");
}

function topicsOf(data: Data): readonly string[] {
  const topics = data.values.topics;
  return isList(topics) ? sortSet({ kind: "set" }, topics).map(String) : [];
}

async function putTopics(github: GitHub, data: Data, name: string): Promise<void> {
  await github.call("PUT", `${repositoryPath(github, name)}/topics`, { body: { names: topicsOf(data) } });
}

/** The three settings that the real provider sends and reads, of the six that its schema has. */
const analyses = ["advancedSecurity", "secretScanning", "secretScanningPushProtection"];

function security(data: Data): Record<string, unknown> {
  const value = data.values.securityAndAnalysis;
  if (!isObject(value)) return {};
  const sent = analyses.flatMap((name) => {
    const inner = value[name];
    return isObject(inner) ? [[terraformName(name, undefined), { status: inner.status }]] : [];
  });
  return { security_and_analysis: Object.fromEntries(sent) };
}

function flattened(analysis: object): Properties {
  const names = Object.keys(schema.securityAndAnalysis?.fields ?? {});
  return Object.fromEntries(
    names.map((name): [string, PropertyValue] => {
      const key = terraformName(name, undefined);
      const always = name === "secretScanning" || name === "secretScanningPushProtection";
      const shown = always || (name === "advancedSecurity" && at(analysis, key) !== undefined);
      return [name, shown ? { status: textAt(analysis, key, "status") } : null];
    }),
  );
}

function valueAt(name: string, body: unknown): PropertyValue {
  const key = inAnswer[name] ?? terraformName(name, undefined);
  const kind = schema[name]?.kind;
  if (kind === "bool") return flagAt(body, key);
  return kind === "int" ? numberAt(body, key) : textAt(body, key);
}

function zero(name: string): PropertyValue {
  return schema[name]?.kind === "bool" ? false : "";
}
