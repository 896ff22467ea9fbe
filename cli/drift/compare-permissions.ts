import type { Consumer, Fleet } from "../../fleet/derive.ts";
import { safeText } from "../../fleet/findings.ts";
import { type Findings, together } from "./finding.ts";
import type { Reader } from "./reader.ts";
import { isForeign, type Repositories } from "./repositories.ts";
import type { FleetState } from "./state.ts";

/** What the consumers' settings of Actions are compared by. */
export interface PermissionInput {
  readonly fleet: Fleet;
  readonly state: FleetState;
  readonly repositories: Repositories;
}

const CLEAN: Findings = { drift: [], unread: [] };

/** Compares what the consumers' workflows may do with what the fleet sets: a conditional call for each of them. */
export async function comparePermissions(reader: Reader, input: PermissionInput): Promise<Findings> {
  const looks = input.fleet.consumers.map((consumer) => compareOne(reader, input, consumer));
  return together(...(await Promise.all(looks)));
}

async function compareOne(
  reader: Reader,
  { fleet, state, repositories }: PermissionInput,
  { repository, workflowPermissions: level }: Consumer,
): Promise<Findings> {
  const found = repositories.get(repository);
  const { owner } = fleet.composer;
  if (level === undefined || found?.status !== "there" || isForeign(owner, found)) return CLEAN;
  const what = "workflow permissions";
  const id = `${owner}/${repository}`;
  const read = await reader.read(
    "GET /repos/{owner}/{repo}/actions/permissions/workflow",
    { owner: found.owner, repo: found.name },
    ({ default_workflow_permissions, can_approve_pull_request_reviews }) => ({
      default_workflow_permissions,
      can_approve_pull_request_reviews,
    }),
  );
  if (read.status !== "there") {
    const reason = read.status === "absent" ? "404" : read.reason;
    return { drift: [], unread: [{ repository: id, what, reason }] };
  }
  const actual = read.value.default_workflow_permissions;
  const said = [
    ...(actual === level ? [] : [`workflows may ${String(actual)} by default, not ${level}`]),
    ...(read.value.can_approve_pull_request_reviews === true ? [] : ["workflows may not open pull requests"]),
  ];
  if (said.length === 0) return CLEAN;
  const urn = state.permissions.get(repository)?.urn;
  const detail = safeText(said.join("; "));
  return {
    drift: [{ repository: id, kind: "workflow permissions changed", detail, ...(urn ? { urn } : {}) }],
    unread: [],
  };
}
