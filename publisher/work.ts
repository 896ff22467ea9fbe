import { join, resolve } from "node:path";

/**
 * The publisher's working directory, where one command leaves what the next one reads:
 *
 * - `published/`: the published tree as it was at the plan, without `.git`; absent before the first publish
 * - `plan.json`: {@link ./plan.ts | Plan}
 * - `staged/`: the tree that is to be published
 * - `outcome.json`: {@link ./outcome.ts | Outcome}, what the build did
 * - `failure.json`: the faults that ended a build
 * - `site/`: what Pages deploys: the published tree without what is not for the public
 * - `repository/`: git's own folder, for reading and pushing the branch
 */
export interface Work {
  readonly root: string;
  readonly published: string;
  readonly plan: string;
  readonly staged: string;
  readonly outcome: string;
  readonly failure: string;
  readonly site: string;
  readonly repository: string;
}

/** Absolute paths inside a working directory: git takes relative ones from wherever it happens to be. */
export function workIn(root: string): Work {
  const absolute = resolve(root);
  const at = (name: string) => join(absolute, name);
  return {
    root: absolute,
    published: at("published"),
    plan: at("plan.json"),
    staged: at("staged"),
    outcome: at("outcome.json"),
    failure: at("failure.json"),
    site: at("site"),
    repository: at("repository"),
  };
}
