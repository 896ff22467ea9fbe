/** github.RepositoryRuleset, with the rules that protect a branch; the others are refused by name. */
import { type Answer, isStatus } from "./client.ts";
import { isArchived } from "./file.ts";
import { at, flagAt, listAt, numberAt, textAt, textsAt } from "./json.ts";
import { type Data, type Definition, type GitHub, repositoryPath, splitId } from "./resource.ts";
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

const off = { default: false } as const;
const other = opt("object", { refused: true });

const check: Schema = { context: req("string"), integrationId: opt("int", { default: 0 }) };
const pullRequest: Schema = {
  ...each(opt("bool", off), "dismissStaleReviewsOnPush requireCodeOwnerReview requireLastPushApproval"),
  ...each(opt("bool", off), "requiredReviewThreadResolution"),
  allowedMergeMethods: opt("list", { computed: true, values: ["merge", "squash", "rebase"] }),
  requiredApprovingReviewCount: opt("int", { default: 0 }),
  requiredReviewers: opt("list", { fields: {}, refused: true }),
};
const statusChecks: Schema = {
  doNotEnforceOnCreate: opt("bool", off),
  requiredChecks: req("set", { fields: check, hashed: hashedCheck, terraform: "required_check" }),
  strictRequiredStatusChecksPolicy: opt("bool"),
};
const rules: Schema = {
  ...each(other, "branchNamePattern commitAuthorEmailPattern commitMessagePattern committerEmailPattern"),
  ...each(
    other,
    "copilotCodeReview fileExtensionRestriction filePathRestriction maxFilePathLength maxFileSize",
  ),
  ...each(other, "mergeQueue requiredCodeScanning requiredDeployments tagNamePattern"),
  ...each(opt("bool"), "creation deletion nonFastForward requiredLinearHistory requiredSignatures update"),
  pullRequest: opt("object", { fields: pullRequest }),
  requiredStatusChecks: opt("object", { fields: statusChecks }),
  updateAllowsFetchAndMerge: opt("bool", { ...off, refused: true }),
};
const actors = [
  "RepositoryRole",
  "Team",
  "Integration",
  "OrganizationAdmin",
  "DeployKey",
  "EnterpriseOwner",
  "User",
];
const schema: Schema = {
  bypassActors: opt("list", {
    fields: {
      actorId: opt("int"),
      actorType: req("string", { values: actors }),
      bypassMode: req("string", { values: ["always", "pull_request", "exempt"] }),
    },
  }),
  conditions: opt("object", {
    fields: {
      refName: req("object", {
        fields: {
          excludes: req("list", { terraform: "exclude" }),
          includes: req("list", { terraform: "include" }),
        },
      }),
    },
  }),
  enforcement: req("string", { values: ["disabled", "active", "evaluate"] }),
  etag: out("string"),
  name: req("string"),
  nodeId: out("string"),
  repository: req("string"),
  rules: req("object", { fields: rules }),
  rulesetId: out("int"),
  target: req("string", { values: ["branch", "push", "tag"] }),
};

/** In the order in which go-github writes them. */
const simple = ["creation", "deletion", "requiredLinearHistory", "requiredSignatures", "nonFastForward"];

export function repositoryRuleset(github: GitHub): Definition {
  const path = (data: Data) => `${repositoryPath(github, data.text("repository"))}/rulesets`;
  const isReadOnly = async (data: Data) => {
    const { body } = await github.call("GET", repositoryPath(github, data.text("repository")));
    return flagAt(body, "archived");
  };
  return {
    schema,
    schemaVersion: 1,
    validate: (planned) => {
      const { target, conditions } = planned;
      if (target === "push") throw new Error("push rulesets are not carried by the sandbox's provider");
      if (isObject(conditions) && conditions.refName === null) {
        throw new Error(`ref_name must be set for ${target} target`);
      }
    },
    create: async (data) => {
      if (await isReadOnly(data)) {
        const where = `${github.owner}/${data.text("repository")}`;
        throw new Error(`cannot create ruleset on archived repository ${where}`);
      }
      const answer = await github.call("POST", path(data), { body: requestBody(data) });
      identify(data, answer);
      data.set({ rules: flattenRules(listAt(answer.body, "rules")) });
    },
    update: async (data) => {
      if (await isReadOnly(data)) return;
      identify(
        data,
        await github.call("PUT", `${path(data)}/${Number(data.id)}`, { body: requestBody(data) }),
      );
    },
    read: (data) => read(github, data, path(data)),
    remove: async (data) => {
      try {
        await github.call("DELETE", `${path(data)}/${Number(data.id)}`);
      } catch (error) {
        if (!isArchived(error)) throw error;
      }
    },
    import: (data) => importRuleset(github, data),
  };
}

async function read(github: GitHub, data: Data, path: string): Promise<void> {
  const etag = data.text("etag");
  let answer: Answer;
  try {
    answer = await github.call("GET", `${path}/${Number(data.id)}?includes_parents=false`, { etag });
  } catch (error) {
    if (isStatus(error, 404)) data.id = "";
    else if (!isStatus(error, 304)) throw error;
    return;
  }
  const { body } = answer;
  identify(data, answer);
  data.set({
    name: textAt(body, "name"),
    target: textAt(body, "target"),
    enforcement: textAt(body, "enforcement"),
    bypassActors: listAt(body, "bypass_actors").map((actor) => ({
      actorId: numberAt(actor, "actor_id"),
      actorType: textAt(actor, "actor_type"),
      bypassMode: textAt(actor, "bypass_mode"),
    })),
    conditions: flattenConditions(body),
    rules: flattenRules(listAt(body, "rules")),
  });
}

async function importRuleset(github: GitHub, data: Data): Promise<void> {
  const [repository = "", ruleset = ""] = splitId(data.id, 2);
  const { body } = await github.call("GET", repositoryPath(github, repository));
  data.set({ repository: textAt(body, "name") });
  const path = `${repositoryPath(github, textAt(body, "name"))}/rulesets`;
  await github.call("GET", `${path}/${Number(ruleset)}?includes_parents=false`);
  data.id = ruleset;
}

function identify(data: Data, { body, headers }: Answer): void {
  data.id = String(numberAt(body, "id"));
  data.set({ rulesetId: numberAt(body, "id"), nodeId: textAt(body, "node_id"), etag: headers.etag ?? "" });
}

function requestBody(data: Data): object {
  const conditions = data.values.conditions;
  const refName = isObject(conditions) ? conditions.refName : undefined;
  return {
    name: data.text("name"),
    target: data.text("target"),
    source_type: "Repository",
    source: data.text("repository"),
    enforcement: data.text("enforcement"),
    bypass_actors: elements(data.values.bypassActors).map((actor) => ({
      ...(actor.actorId ? { actor_id: actor.actorId } : {}),
      actor_type: actor.actorType,
      bypass_mode: actor.bypassMode,
    })),
    ...(isObject(refName)
      ? {
          conditions: {
            ref_name: { include: refName.includes ?? [], exclude: refName.excludes ?? [] },
          },
        }
      : {}),
    rules: expandRules(data.values.rules),
  };
}

function expandRules(value: PropertyValue | undefined): readonly object[] {
  if (!isObject(value)) return [];
  const sent = (name: string): readonly object[] => {
    if (value[name] !== true) return [];
    if (name !== "update") return [{ type: terraformName(name, undefined) }];
    return [{ type: "update", parameters: { update_allows_fetch_and_merge: false } }];
  };
  const { pullRequest: pull, requiredStatusChecks: checks } = value;
  const order = ["creation", "update", "deletion", "requiredLinearHistory"];
  return [
    ...order.flatMap(sent),
    ...sent("requiredSignatures"),
    ...(isObject(pull) ? [pullRequestRule(pull)] : []),
    ...(isObject(checks) ? [statusChecksRule(checks)] : []),
    ...sent("nonFastForward"),
  ];
}

function pullRequestRule(value: Properties): object {
  const methods = value.allowedMergeMethods;
  const parameters: Record<string, unknown> =
    isList(methods) && methods.length > 0 ? { allowed_merge_methods: methods } : {};
  for (const [name, field] of Object.entries(pullRequest)) {
    if (field.kind === "list") continue;
    parameters[terraformName(name, field)] = value[name] ?? field.default;
  }
  return { type: "pull_request", parameters };
}

function statusChecksRule(value: Properties): object {
  const parameters = {
    do_not_enforce_on_create: value.doNotEnforceOnCreate === true,
    required_status_checks: sortSet({ kind: "set", hashed: hashedCheck }, elements(value.requiredChecks))
      .filter(isObject)
      .map((required) => ({
        context: required.context,
        ...(required.integrationId ? { integration_id: required.integrationId } : {}),
      })),
    strict_required_status_checks_policy: value.strictRequiredStatusChecksPolicy === true,
  };
  return { type: "required_status_checks", parameters };
}

function flattenConditions(body: unknown): PropertyValue {
  const refName = at(body, "conditions", "ref_name");
  if (typeof refName !== "object" || refName === null) return null;
  return { refName: { excludes: textsAt(refName, "exclude"), includes: textsAt(refName, "include") } };
}

function flattenRules(list: readonly unknown[]): PropertyValue {
  const rule = (type: string) => list.find((candidate) => textAt(candidate, "type") === type);
  const flat: Record<string, PropertyValue> = {};
  for (const name of Object.keys(rules)) flat[name] = null;
  for (const name of [...simple, "update"]) flat[name] = rule(terraformName(name, undefined)) !== undefined;
  flat.updateAllowsFetchAndMerge = flagAt(rule("update"), "parameters", "update_allows_fetch_and_merge");
  const pull = at(rule("pull_request"), "parameters");
  if (pull !== undefined) flat.pullRequest = flattenPullRequest(pull);
  const checks = at(rule("required_status_checks"), "parameters");
  if (checks !== undefined) flat.requiredStatusChecks = flattenChecks(checks);
  return flat;
}

function flattenPullRequest(parameters: unknown): Properties {
  const flat: Record<string, PropertyValue> = {};
  for (const [name, field] of Object.entries(pullRequest)) {
    const key = terraformName(name, field);
    if (field.kind === "bool") flat[name] = flagAt(parameters, key);
    else if (field.kind === "int") flat[name] = numberAt(parameters, key);
    else flat[name] = textsAt(parameters, key);
  }
  return flat;
}

function flattenChecks(parameters: unknown): Properties {
  const required = listAt(parameters, "required_status_checks").map((one) => ({
    context: textAt(one, "context"),
    integrationId: numberAt(one, "integration_id"),
  }));
  return {
    doNotEnforceOnCreate: flagAt(parameters, "do_not_enforce_on_create"),
    requiredChecks: orderSet(required),
    strictRequiredStatusChecksPolicy: flagAt(parameters, "strict_required_status_checks_policy"),
  };
}

function hashedCheck(value: PropertyValue): string {
  if (!isObject(value)) return "";
  return `context:${String(value.context)};integration_id:${String(value.integrationId ?? 0)};`;
}

function elements(value: PropertyValue | undefined): readonly Properties[] {
  return isList(value) ? value.filter(isObject) : [];
}
