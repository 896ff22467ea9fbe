import { type ExecFileException, execFile } from "node:child_process";
import type { Deployment } from "@pulumi/pulumi/automation/index.js";
import type { Context } from "../context.ts";
import { locksInMessage } from "../locks.ts";
import { type PendingOperation, pendingOf, resourcesOf, type StateResource } from "./overwritten.ts";
import { LockedError } from "./run.ts";
import { nameOf, type Step } from "./steps.ts";

/**
 * Puts what a killed update was making into the state where GitHub has made it, so that the next update does not collide with it.
 *
 * Secrets, files and environments are simply written again; a repository, its Pages and its ruleset cannot be made twice. The
 * caller refreshes afterwards, which reads the rest. Gives the names of what was taken over.
 */
export async function takeOverPending(context: Context, deployment: Deployment): Promise<readonly string[]> {
  const creating = pendingOf(deployment).filter(({ type }) => type === "creating");
  const ids = await idsOnGitHub(
    context,
    creating.map(({ resource }) => resource),
  );
  if (ids.size > 0) await editState(context, (exported) => withResources(exported, ids));
  return [...ids.keys()].map(nameOf);
}

/**
 * The same for what an update wants to make although GitHub has it: GitHub's answer was lost, and no state knows of it.
 *
 * Nothing is looked at where the state has no provider: then nothing was ever made.
 */
export async function takeOverPlanned(context: Context, steps: readonly Step[]): Promise<readonly string[]> {
  const resources = resourcesOf(await context.stack.exportStack());
  const known = new Set(resources.map(({ urn }) => urn));
  const provider = resources.find(({ type }) => type === "pulumi:providers:github");
  if (!provider) return [];
  const { repository } = context.fleet.composer;
  const planned = steps.flatMap(({ op, urn, type, goal }) => {
    if (op !== "create" || !goal || !known.has(goal.parent)) return [];
    // In a preview a name may be an output that is not known yet.
    const named = type.startsWith("github:index/repository:") ? {} : { repository };
    return [{ urn, type, ...goal, inputs: { ...goal.inputs, ...named } }];
  });
  const ids = await idsOnGitHub(context, planned);
  if (ids.size === 0) return [];
  const taken = planned.flatMap((resource) => {
    const id = ids.get(resource.urn);
    const record = {
      ...resource,
      custom: true,
      outputs: resource.inputs,
      provider: `${provider.urn}::${provider.id}`,
    };
    return id === undefined ? [] : [{ ...record, id }];
  });
  await editState(context, (exported) => {
    const deployment = exported.deployment as { resources?: object[] };
    return {
      ...exported,
      deployment: { ...deployment, resources: [...(deployment.resources ?? []), ...taken] },
    };
  });
  return [...ids.keys()].map(nameOf);
}

async function idsOnGitHub(
  context: Context,
  resources: readonly Pick<StateResource, "urn" | "type" | "inputs">[],
): Promise<ReadonlyMap<string, string>> {
  const ids = new Map<string, string>();
  for (const resource of resources) {
    const id = await idOnGitHub(context, resource);
    if (id !== undefined) ids.set(resource.urn, id);
  }
  return ids;
}

/** The pending creates of these URNs become resources: their own record, with the id that GitHub gave them. */
export function withResources(exported: Deployment, ids: ReadonlyMap<string, string>): Deployment {
  const deployment = exported.deployment as { resources?: object[]; pending_operations?: PendingOperation[] };
  const operations = deployment.pending_operations ?? [];
  const taken = operations.filter(({ resource }) => ids.has(resource.urn));
  const resources = taken.map(({ resource }) => ({
    ...resource,
    id: ids.get(resource.urn),
    outputs: resource.inputs ?? {},
  }));
  return {
    ...exported,
    deployment: {
      ...deployment,
      resources: [...(deployment.resources ?? []), ...resources],
      pending_operations: operations.filter((operation) => !taken.includes(operation)),
    },
  };
}

async function idOnGitHub(
  { github, fleet }: Context,
  { type, inputs = {} }: Pick<StateResource, "type" | "inputs">,
): Promise<string | undefined> {
  const where = { owner: fleet.composer.owner, repo: fleet.composer.repository };
  try {
    if (type.startsWith("github:index/repository:")) {
      const { data } = await github.request("GET /repos/{owner}/{repo}", where);
      // Somebody else's repository of this name is not taken over.
      return data.description === inputs.description ? data.name : undefined;
    }
    if (type.startsWith("github:index/repositoryPages:")) {
      await github.request("GET /repos/{owner}/{repo}/pages", where);
      const { data } = await github.request("GET /repos/{owner}/{repo}", where);
      return String(data.id);
    }
    if (type.startsWith("github:index/repositoryRuleset:")) {
      const { data } = await github.request("GET /repos/{owner}/{repo}/rulesets", where);
      const ruleset = data.find(({ name }) => name === inputs.name);
      return ruleset === undefined ? undefined : String(ruleset.id);
    }
    return undefined;
  } catch (error) {
    if ((error as { status?: number }).status === 404) return undefined;
    throw error;
  }
}

/** Changes the state as it is stored: on Pulumi its secrets stay encrypted, and nothing touches the disk. */
async function editState(
  { engine, stack, settings }: Context,
  change: (exported: Deployment) => Deployment,
): Promise<void> {
  if (engine === "sandbox") return stack.importStack(change(await stack.exportStack()));
  const pulumi = (args: readonly string[], input?: string) =>
    new Promise<string>((resolve, reject) => {
      const ended = (error: ExecFileException | null, stdout: string, stderr: string) =>
        error ? reject(failure(args, stderr)) : resolve(stdout);
      const child = execFile(
        "pulumi",
        [...args, "--stack", settings.stack],
        { cwd: settings.home, env: { ...process.env, ...settings.env }, maxBuffer: 1024 ** 3 },
        ended,
      );
      child.stdin?.end(input);
    });
  const exported = JSON.parse(await pulumi(["stack", "export"])) as Deployment;
  await pulumi(["stack", "import"], JSON.stringify(change(exported)));
}

function failure(args: readonly string[], stderr: string): Error {
  const locks = locksInMessage(stderr);
  return locks.length > 0
    ? new LockedError(locks)
    : new Error(`pulumi ${args.join(" ")} failed: ${stderr.trim()}`);
}
