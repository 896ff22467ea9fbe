import { literal, printable, secret } from "./expression.ts";
import type { Workflow } from "./model.ts";
import { RUNNER } from "./pins.ts";
import { renderWorkflow } from "./render.ts";
import { NOTIFY_SCRIPT } from "./scripts/notify.ts";

/** Path of the notify workflow in a package repository: the one that fleets in the wild already use. */
export const NOTIFY_PATH = ".github/workflows/notify-composer-update.yml";

/** Workflow of the composer repository that a notification starts. */
export const PARTIAL_BUILD_FILE = "partial-build.yml";

/** What one package repository's notify workflow depends on. */
export interface NotifyOptions {
  /** The package repository, `owner/repository`. */
  readonly repository: string;
  /** What to send as the package: its name where satis.json has one, else `owner/repository`. */
  readonly dispatchName: string;
  /** Where the notification goes, and the branch whose workflow it starts. */
  readonly composer: { readonly owner: string; readonly repository: string; readonly branch: string };
  /** Secret with the token that may start the composer repository's workflows. */
  readonly secretName: string;
}

/**
 * The notify workflow's text, different for every repository.
 *
 * The header names the repository although nothing needs it: were two repositories' files equal, a delete meant for one of
 * them, sent with the blob id that was stored, could succeed in the other after a rename.
 *
 * @throws RangeError where the secret's name, or the composer repository's, is not one that GitHub has.
 */
export function notifyWorkflow(options: NotifyOptions): string {
  return renderWorkflow(describe(options));
}

/**
 * Path of the dispatch call under the API's address.
 *
 * @throws RangeError where owner or repository would change the path (empty, `.`, `..`).
 */
export function dispatchPath(owner: string, repository: string): string {
  return `/repos/${segment(owner)}/${segment(repository)}/actions/workflows/${PARTIAL_BUILD_FILE}/dispatches`;
}

function segment(name: string): string {
  // curl removes dot segments, so `..` would address something else.
  if (name === "" || name === "." || name === "..") {
    throw new RangeError(`${JSON.stringify(name)} is no name of a GitHub owner or repository`);
  }
  return encodeURIComponent(name.toWellFormed());
}

function describe({ repository, dispatchName, composer, secretName }: NotifyOptions): Workflow {
  return {
    header: [`Repository: ${repository}`],
    name: "Notify Composer Update",
    on: {
      push: {
        branches: ["**"],
        tags: ["**"],
        // Holds for branches only: GitHub does not evaluate path filters for tags, so no version is lost.
        "paths-ignore": [".github/**"],
      },
      release: { types: ["published", "edited", "deleted"] },
      delete: {},
      workflow_dispatch: {},
    },
    permissions: {},
    jobs: {
      notify: {
        name: "Notify the composer repository",
        // Dependabot's runs get no Actions secrets; the composer repository's schedule finds its branches.
        if: "!github.event.repository.fork && github.actor != 'dependabot[bot]'",
        "runs-on": RUNNER,
        "timeout-minutes": 10,
        permissions: {},
        // A newer notification replaces one that waits: they ask for the same build. One that is being sent is never cut off, and a
        // run that `if` is about to skip has a group of its own, for it would replace a waiting one and then tell nobody.
        concurrency: {
          group: "${{ github.actor == 'dependabot[bot]' && github.run_id || 'notify-composer-update' }}",
          "cancel-in-progress": false,
        },
        steps: [
          {
            name: "Start the composer repository's build",
            shell: "bash",
            env: {
              DISPATCH_TOKEN: secret(secretName),
              SECRET_NAME: secretName,
              COMPOSER_REPOSITORY: literal(printable(`${composer.owner}/${composer.repository}`)),
              DISPATCH_PATH: dispatchPath(composer.owner, composer.repository),
              DISPATCH_BODY: literal(
                JSON.stringify({ ref: composer.branch, inputs: { package: dispatchName } }),
              ),
            },
            run: NOTIFY_SCRIPT,
          },
        ],
      },
    },
  };
}
