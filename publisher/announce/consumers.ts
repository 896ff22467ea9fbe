import { safeText } from "../../fleet/findings.ts";
import { dispatchOf, type Subscription } from "../../fleet/subscription.ts";
import { type Fault, PublishError } from "../fault.ts";
import type { GitHub } from "../github.ts";
import { askInBatches } from "../refs/batches.ts";
import type { GraphQL } from "../refs/graphql.ts";

/** What GitHub says of a consumer before it is told anything. */
export type Known = { readonly branch?: string } | { readonly problem: string };

/** Reads the default branches of any number of consumers, 100 in a query, since a dispatch must name a branch. */
export async function lookUp(
  graphql: GraphQL,
  consumers: readonly Subscription[],
): Promise<ReadonlyMap<string, Known>> {
  const repositories = [...new Set(consumers.map(({ repository }) => repository))];
  const replies = await askInBatches(graphql, repositories, {
    selection: () => "defaultBranchRef { name }",
    repositoryOf: ownerAndName,
    read: branchIn,
  });
  return new Map(
    [...replies].map(([repository, { value, problem }]) => [
      repository,
      value ?? { problem: problem?.message ?? "" },
    ]),
  );
}

function ownerAndName(repository: string): { owner: string; name: string } {
  const [owner = "", name = ""] = repository.split("/");
  return { owner, name };
}

/** A token without Contents sees the repository and not its branches: then no branch is known. */
function branchIn(repository: unknown): { branch?: string } | undefined {
  if (typeof repository !== "object" || repository === null || !("defaultBranchRef" in repository))
    return undefined;
  const ref = repository.defaultBranchRef;
  if (typeof ref !== "object" || ref === null || !("name" in ref) || typeof ref.name !== "string") return {};
  return { branch: ref.name };
}

/**
 * Starts a consumer's update workflow with one announcement.
 *
 * @returns why it could not be started; `undefined` where it was
 */
export async function dispatch(
  github: GitHub,
  subscription: Subscription,
  known: Known | undefined,
  announcement: string,
): Promise<Fault | undefined> {
  const { owner, name } = ownerAndName(subscription.repository);
  if (known !== undefined && "problem" in known) return faultOf(subscription, known.problem);
  try {
    const { workflow, ref = known?.branch ?? (await defaultBranch(github, owner, name)) } =
      dispatchOf(subscription);
    const path = ["repos", owner, name, "actions", "workflows", workflow, "dispatches"];
    const { status, body } = await github.request("POST", path, {
      body: { ref, inputs: { announcement } },
      allow: [401, 403, 404, 409, 410, 422],
    });
    if (status < 400) return undefined;
    return faultOf(
      subscription,
      `GitHub answered ${status}${saidIn(body)} to the dispatch of ${workflow}`,
      status,
    );
  } catch (error) {
    if (!(error instanceof PublishError)) throw error;
    return faultOf(subscription, error.faults[0]?.message ?? "no answer from GitHub");
  }
}

async function defaultBranch(github: GitHub, owner: string, name: string): Promise<string> {
  const { body } = await github.request("GET", ["repos", owner, name]);
  return typeof body === "object" && body !== null && "default_branch" in body
    ? String(body.default_branch)
    : "main";
}

function saidIn(body: unknown): string {
  return typeof body === "object" && body !== null && "message" in body ? ` (${String(body.message)})` : "";
}

const REMEDIES: Readonly<Record<number, string>> = {
  401: "renew ANNOUNCE_TOKEN",
  403: "give ANNOUNCE_TOKEN the permission Actions: write on it, or take an archived repository out of subscriptions.json",
  404: "check that repository and workflow are there (pulumi up writes the workflow) and that ANNOUNCE_TOKEN may write its Actions",
  422: "look at the workflow: it must be enabled and take the input announcement on workflow_dispatch",
};

function faultOf({ id }: Subscription, message: string, status?: number): Fault {
  const remedy =
    (status === undefined ? undefined : REMEDIES[status]) ??
    "check that ANNOUNCE_TOKEN may see it, or take it out of subscriptions.json; the next run tries again";
  return { by: "announce", message: `${id}: ${safeText(message)}`, remedy };
}
