import type { Desired, DesiredFile } from "./desired.ts";
import type { FleetState, StateFile } from "./state.ts";

/** What repositories and files are compared by. */
export interface RepositoryInput {
  readonly owner: string;
  readonly desired: Desired;
  readonly state: FleetState;
  /** Old id to new one, `owner/repository` in lower case, as declared. */
  readonly renames: ReadonlyMap<string, string>;
  /** The composer repository and every managed package, without the owner. */
  readonly managed: readonly string[];
  /** The composer repository, where the program makes it and so brings it back. */
  readonly made: string | undefined;
  /** The file that lists a managed repository. @default satis.json */
  readonly sourceOf?: (repository: string) => string;
}

/** {@link RepositoryInput} by repository, in lower case: fleets of thousands are compared in one pass. */
export interface Known {
  readonly input: RepositoryInput;
  readonly desired: ReadonlyMap<string, readonly DesiredFile[]>;
  readonly files: ReadonlyMap<string, readonly StateFile[]>;
  /** Numeric id that a repository had at the last update. */
  readonly ids: ReadonlyMap<string, number>;
}

/** Sorts the input by repository. */
export function known(input: RepositoryInput): Known {
  const { files, secrets } = input.state;
  const ofSecrets = secrets.flatMap(({ place, repositoryId }) =>
    place.scope === "organization" ? [] : [{ repository: place.repository, repositoryId }],
  );
  const ids = [...ofSecrets, ...files].flatMap(({ repository, repositoryId }): [string, number][] =>
    repositoryId === undefined ? [] : [[repository.toLowerCase(), repositoryId]],
  );
  return {
    input,
    desired: Map.groupBy(input.desired.files, keyOf),
    files: Map.groupBy(files, keyOf),
    ids: new Map(ids),
  };
}

function keyOf({ repository }: { readonly repository: string }): string {
  return repository.toLowerCase();
}
