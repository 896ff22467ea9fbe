/** Deployment environments, their branch policies, and what workflows of a repository may do. */
import { type Answer, isStatus, segment } from "./client.ts";
import { at, flagAt, listAt, numberAt, textAt } from "./json.ts";
import { type Data, type Definition, type GitHub, joinId, repositoryPath, splitId } from "./resource.ts";
import { isObject, opt, orderSet, out, req, type Schema } from "./schema.ts";
import type { PropertyValue } from "./types.ts";

const environmentSchema: Schema = {
  canAdminsBypass: opt("bool", { default: true }),
  deploymentBranchPolicy: opt("object", {
    fields: { customBranchPolicies: req("bool"), protectedBranches: req("bool") },
  }),
  environment: req("string", { forceNew: true }),
  preventSelfReview: opt("bool", { default: false }),
  repository: req("string"),
  repositoryId: out("int"),
  reviewers: opt("object", { refused: true }),
  waitTimer: opt("int"),
};

const policySchema: Schema = {
  branchPattern: opt("string", { exactlyOneOf: ["branchPattern", "tagPattern"] }),
  environment: req("string", { forceNew: true }),
  policyId: out("int"),
  repository: req("string"),
  repositoryId: out("int"),
  tagPattern: opt("string", { exactlyOneOf: ["branchPattern", "tagPattern"] }),
};

export function repositoryEnvironment(github: GitHub): Definition {
  const write = async (data: Data) => {
    await putEnvironment(github, data);
    data.id = joinId(data.text("repository"), data.text("environment"));
  };
  return {
    schema: environmentSchema,
    schemaVersion: 1,
    tracksRepository: true,
    create: async (data) => {
      await write(data);
      await identify(github, data);
    },
    update: write,
    read: (data) => readEnvironment(github, data),
    remove: async (data) => {
      try {
        await github.call("DELETE", environmentPath(github, data));
      } catch (error) {
        if (!isStatus(error, 404) && !isStatus(error, 304)) throw error;
      }
    },
    import: async (data) => {
      const [repository = "", environment = ""] = splitId(data.id, 2);
      data.set({ repository, environment });
      await identify(github, data);
    },
  };
}

export function repositoryEnvironmentDeploymentPolicy(github: GitHub): Definition {
  const policies = (data: Data) => `${environmentPath(github, data)}/deployment-branch-policies`;
  const path = (data: Data) => `${policies(data)}/${data.number("policyId")}`;
  const pattern = (data: Data) => data.text("branchPattern") || data.text("tagPattern");
  const id = (data: Data) =>
    joinId(data.text("repository"), data.text("environment"), String(data.number("policyId")));
  return {
    schema: policySchema,
    schemaVersion: 1,
    tracksRepository: true,
    replaces: (olds, planned) =>
      ["branchPattern", "tagPattern"].every((name) => (olds[name] || null) !== (planned[name] || null)),
    create: async (data) => {
      const type = data.text("branchPattern") === "" ? "tag" : "branch";
      const { body } = await github.call("POST", policies(data), { body: { name: pattern(data), type } });
      data.set({ policyId: numberAt(body, "id") });
      data.id = id(data);
      await identify(github, data);
    },
    update: async (data) => {
      await github.call("PUT", path(data), { body: { name: pattern(data) } });
      data.id = id(data);
    },
    read: async (data) => {
      let answer: Answer;
      try {
        answer = await github.call("GET", path(data));
      } catch (error) {
        if (isStatus(error, 404)) data.id = "";
        else throw error;
        return;
      }
      const { body } = answer;
      const property = textAt(body, "type") === "branch" ? "branchPattern" : "tagPattern";
      data.set({ [property]: textAt(body, "name") });
    },
    remove: async (data) => void (await github.call("DELETE", path(data))),
    import: async (data) => {
      const [repository = "", environment = "", policy = ""] = splitId(data.id, 3);
      data.set({ repository, environment });
      await identify(github, data);
      data.set({ policyId: Number.parseInt(policy, 10) });
    },
  };
}

export function workflowRepositoryPermissions(github: GitHub): Definition {
  const path = (name: string) => `${repositoryPath(github, name)}/actions/permissions/workflow`;
  const put = (name: string, permissions: string, reviews: boolean) =>
    github.call("PUT", path(name), {
      body: { default_workflow_permissions: permissions, can_approve_pull_request_reviews: reviews },
    });
  const read = async (data: Data) => {
    const { body } = await github.call("GET", path(data.id));
    data.set({
      defaultWorkflowPermissions: textAt(body, "default_workflow_permissions"),
      canApprovePullRequestReviews: flagAt(body, "can_approve_pull_request_reviews"),
      repository: data.id,
    });
  };
  const write = async (data: Data) => {
    const reviews = data.flag("canApprovePullRequestReviews");
    await put(data.text("repository"), data.text("defaultWorkflowPermissions"), reviews);
    data.id = data.text("repository");
    await read(data);
  };
  return {
    schema: {
      canApprovePullRequestReviews: opt("bool", { default: false }),
      defaultWorkflowPermissions: opt("string", { values: ["read", "write"] }),
      repository: req("string"),
    },
    create: write,
    update: write,
    read,
    remove: async (data) => void (await put(data.id, "read", false)),
    import: async () => {},
  };
}

async function putEnvironment(github: GitHub, data: Data): Promise<void> {
  const policy = data.values.deploymentBranchPolicy;
  const deployment_branch_policy = isObject(policy)
    ? {
        protected_branches: policy.protectedBranches === true,
        custom_branch_policies: policy.customBranchPolicies === true,
      }
    : null;
  const body = {
    wait_timer: data.number("waitTimer"),
    reviewers: null,
    can_admins_bypass: data.flag("canAdminsBypass"),
    deployment_branch_policy,
    prevent_self_review: data.flag("preventSelfReview"),
  };
  try {
    await github.call("PUT", environmentPath(github, data), { body });
  } catch (error) {
    // A plan without protection rules on private repositories: what such a plan takes is tried alone.
    if (!isStatus(error, 422) || data.number("waitTimer") !== 0) throw error;
    await github.call("PUT", environmentPath(github, data), { body: { deployment_branch_policy } });
  }
}

async function readEnvironment(github: GitHub, data: Data): Promise<void> {
  let answer: Answer;
  try {
    answer = await github.call("GET", environmentPath(github, data));
  } catch (error) {
    if (!isStatus(error, 404)) throw error;
    data.id = "";
    return;
  }
  const { body } = answer;
  data.set({ waitTimer: 0, canAdminsBypass: flagAt(body, "can_admins_bypass") });
  for (const rule of listAt(body, "protection_rules")) {
    if (textAt(rule, "type") === "wait_timer") data.set({ waitTimer: numberAt(rule, "wait_timer") });
    if (textAt(rule, "type") !== "required_reviewers") continue;
    data.set({
      reviewers: { teams: idsOf(rule, "Team"), users: idsOf(rule, "User") },
      preventSelfReview: flagAt(rule, "prevent_self_review"),
    });
  }
  const policy = at(body, "deployment_branch_policy");
  const some = typeof policy === "object" && policy !== null;
  data.set({
    deploymentBranchPolicy: some
      ? {
          protectedBranches: flagAt(policy, "protected_branches"),
          customBranchPolicies: flagAt(policy, "custom_branch_policies"),
        }
      : null,
  });
}

function idsOf(rule: unknown, type: string): readonly PropertyValue[] {
  const ids = listAt(rule, "reviewers")
    .filter((reviewer) => textAt(reviewer, "type") === type)
    .map((reviewer) => numberAt(reviewer, "reviewer", "id"));
  return orderSet(ids);
}

function environmentPath(github: GitHub, data: Data): string {
  return `${repositoryPath(github, data.text("repository"))}/environments/${segment(data.text("environment"))}`;
}

async function identify(github: GitHub, data: Data): Promise<void> {
  const { body } = await github.call("GET", repositoryPath(github, data.text("repository")));
  data.set({ repositoryId: numberAt(body, "id") });
}
