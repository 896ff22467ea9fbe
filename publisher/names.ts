import type { SourceRepository } from "./repositories.ts";

/** What composer.json of a default branch says of the package's name. */
export type NameResult =
  | { readonly name: string; readonly error?: undefined }
  /** Fit to print: no composer.json, no JSON, no name, no name that Composer takes. */
  | { readonly name?: undefined; readonly error: string };

/** Reads package names, for any number of repositories at once; an answer for every repository asked for. */
export interface NameSource {
  read(repositories: readonly SourceRepository[]): Promise<ReadonlyMap<string, NameResult>>;
}
