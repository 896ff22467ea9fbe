import type { StateResource } from "./overwritten.ts";
import { isComponent, repositoryOf, type Step } from "./steps.ts";

/** Steps that are made in one run, and the URNs that the run has to name. */
export interface Part {
  readonly steps: readonly Step[];
  readonly target: readonly string[];
}

/** An update taken apart, in the order in which its parts are made. What is in none of them is for a run of the whole program. */
export interface Parts {
  readonly composer: Part;
  /** One for each package repository or consumer: parallel commits to one branch are answered 409. */
  readonly repositories: readonly Part[];
  /** What deletes something: the organization's secret first, which takes the place of others or lists them no longer. */
  readonly deleting: readonly Part[];
}

/**
 * Takes an update apart so that a run which names a part makes just that.
 *
 * Found out on Pulumi 3.255: a target that has left the program is deleted. So is what depends on a target and has left the program, and
 * where that is no target itself the run is refused: an update in a repository that loses something waits for the delete. What stays
 * keeps what its record depends on, and the delete is left to the last run: unless it is a target, too, so that its record is
 * written anew. Providers are updated by every run, and are no targets: everything depends on them.
 *
 * @param state the resources of the state; without them deletes are in no part, for only they tell what depends on what
 */
export function partsOf(steps: readonly Step[], state: readonly StateResource[]): Parts {
  const dependents = dependentsIn(state);
  const deleted = new Set(urnsOf(steps.filter(isDelete)));
  const groups = [...Map.groupBy(steps, ({ urn }) => repositoryOf(urn))];
  const early = new Map(groups.map(([name, all]) => [name, earlyOf(all, deleted, dependents)]));
  const composer = part(early.get(undefined) ?? []);
  early.delete(undefined);
  const repositories = [...early.values()].filter((own) => own.length > 0).map((own) => part(own));
  const done = new Set([composer, ...repositories].flatMap((one) => one.steps));
  const changed = new Set(urnsOf(steps));
  const losing = groups.flatMap(([name, all]): Part[] => {
    const own = all.filter((step) => !done.has(step) && (isDelete(step) || canBeNamed(step)));
    if (name === undefined || own.length === 0) return [];
    const urns = new Set(urnsOf(own));
    const below = dependents(urns);
    if (below.some((urn) => deleted.has(urn) && !urns.has(urn))) return [];
    return [
      part(
        own,
        below.filter((urn) => !changed.has(urn)),
      ),
    ];
  });
  const organization = steps.filter((step) => isOrganizationSecret(step) && !isDelete(step));
  const deleting = state.length === 0 || losing.length === 0 ? [] : [part(organization), ...losing];
  return { composer, repositories, deleting };
}

function part(steps: readonly Step[], staying: readonly string[] = []): Part {
  return { steps, target: [...new Set([...urnsOf(steps), ...staying])] };
}

/** What comes before any delete: all of it, or what is new alone where a change would take a delete along. */
function earlyOf(steps: readonly Step[], deleted: ReadonlySet<string>, dependents: Dependents): Step[] {
  const named = steps.filter(canBeNamed);
  const changes = new Set(urnsOf(named.filter(({ op }) => op !== "create")));
  const loses = steps.some(isDelete) || dependents(changes).some((urn) => deleted.has(urn));
  return loses ? named.filter(({ op }) => op === "create") : named;
}

/** Components that exist have children to take along; the organization's secret needs the ids of all packages. */
function canBeNamed(step: Step): boolean {
  if (isDelete(step) || isOrganizationSecret(step) || step.type.startsWith("pulumi:providers:")) return false;
  return step.op === "create" || !isComponent(step);
}

function isDelete({ op }: Step): boolean {
  return op === "delete";
}

function isOrganizationSecret({ type }: Step): boolean {
  return type.includes("ActionsOrganizationSecret");
}

function urnsOf(steps: readonly Step[]): readonly string[] {
  return steps.map(({ urn }) => urn);
}

/** Gives all that cannot be without these resources, children and they themselves included. */
type Dependents = (urns: ReadonlySet<string>) => readonly string[];

function dependentsIn(state: readonly StateResource[]): Dependents {
  const direct = new Map<string, string[]>();
  for (const { urn, parent = "", dependencies = [], propertyDependencies = {} } of state) {
    for (const on of new Set([parent, ...dependencies, ...Object.values(propertyDependencies).flat()])) {
      const known = direct.get(on);
      if (known === undefined) direct.set(on, [urn]);
      else known.push(urn);
    }
  }
  return (urns) => {
    const found = new Set(urns);
    // A set is walked with what is added on the way.
    for (const urn of found) for (const dependent of direct.get(urn) ?? []) found.add(dependent);
    return [...found];
  };
}
