import { expect } from "vitest";
import { SANDBOX_TOKENS } from "../../demo/world.ts";
import { NOTIFY_PATH } from "../../workflows/notify.ts";
import type { Teller } from "./teller.ts";

const SECRET = "COMPOSER_REPO_PAT";

/** Fails unless these package repositories hold workflow and secret. */
export function expectManaged({ world }: Teller, ...names: readonly string[]): void {
  for (const name of names) {
    const repository = world.github.repository(name);
    expect(Object.keys(repository.files()), name).toContain(NOTIFY_PATH);
    expect(repository.secretValue(SECRET), name).toBe(SANDBOX_TOKENS.dispatch);
  }
}

/** What the fleet has put into package repositories: `name` and kind, sorted. */
function inRepositories({ world }: Teller, names: readonly string[]): string[] {
  return names
    .filter((name) => world.github.repositories.includes(`acme/${name}`))
    .flatMap((name) => {
      const repository = world.github.repository(name);
      return [
        ...(repository.secretValue(SECRET) === undefined ? [] : [`acme/${name}-token`]),
        ...(NOTIFY_PATH in repository.files() ? [`acme/${name}-workflow`] : []),
      ];
    })
    .sort();
}

/** Fails unless the state knows everything that these package repositories hold, and nothing else of them. */
export async function expectRecorded(teller: Teller, ...names: readonly string[]): Promise<void> {
  const { deployment } = await teller.world.stack.exportStack();
  const { resources = [] } = deployment as { resources?: { urn: string; id?: string }[] };
  const known = resources
    .filter(({ id }) => id !== undefined)
    .map(({ urn }) => urn.slice(urn.lastIndexOf("::") + 2))
    .filter((name) => names.some((one) => name.startsWith(`acme/${one}-`)));
  expect(known.sort()).toEqual(inRepositories(teller, names));
}

/** The commits of the fleet in a package repository: the first is the repository's own. */
export function fleetCommits({ world }: Teller, name: string): number {
  return world.github.repository(name).commits().length - 1;
}
