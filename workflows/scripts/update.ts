import { checkProgram } from "./program.ts";

/** Stops unless the updater is the file that the control plane committed. */
export const CHECK_UPDATER = checkProgram("updater");

/** Checks the announcement, which reaches it by the environment alone, and finds out what it means here. */
export const CHECK = updater("check");

/** Waits until the registry shows what was announced, past the caches in front of it. */
export const WAIT = updater("wait");

/** Lets Composer update composer.lock. */
export const UPDATE = updater("update");

/** Checks the result, and tells the digest of what is handed over. */
export const VERIFY = updater("verify");

/** Pushes what was verified, if it still is that, and opens or refreshes the pull request. */
export const PUBLISH_UPDATE = updater("publish");

function updater(command: string): string {
  return `set -euo pipefail
"$NODE" "$UPDATER" ${command} --work "$RUNNER_TEMP/updates"
`;
}
