import { checkProgram } from "./program.ts";

/** Stops unless the publisher is the file that the control plane committed. */
export const CHECK_PUBLISHER = checkProgram("publisher");

/** Finds out what is stale. PACKAGE is a dispatched text: a hint, which the publisher checks and never trusts. */
export const PLAN = `set -euo pipefail
arguments=(plan --work "$RUNNER_TEMP/registry")
if [ -n "$PACKAGE" ]; then arguments+=("--hint=$PACKAGE"); fi
if [ "$ALWAYS_DEPLOY" = true ]; then arguments+=(--deploy); fi
"$NODE" "$PUBLISHER" "\${arguments[@]}"
`;

/** Stops unless the Composer that setup-php gave is at least COMPOSER_FLOOR. */
export const CHECK_COMPOSER = `set -euo pipefail
found=$({ composer --version --no-ansi 2>/dev/null || true; } | sed -n 's/^Composer version \\([0-9.]*\\).*$/\\1/p' | head -n 1)
lowest=$(printf '%s\\n%s\\n' "$COMPOSER_FLOOR" "$found" | sort -V | head -n 1)
if [ -z "$found" ] || [ "$lowest" != "$COMPOSER_FLOOR" ]; then
  echo "::error::Composer is \${found:-missing}, and below $COMPOSER_FLOOR it can print tokens (CVE-2026-45793): nothing is built"
  exit 1
fi
echo "Composer $found"
`;

/** Installs Satis at SATIS_COMMIT from its own lock; git itself checks that what arrives has that id. */
export const INSTALL_SATIS = `set -euo pipefail
satis="$RUNNER_TEMP/satis"
rm -rf "$satis"
git init --quiet "$satis"
git -C "$satis" fetch --quiet --depth=1 https://github.com/composer/satis.git "$SATIS_COMMIT"
git -C "$satis" checkout --quiet --detach "$SATIS_COMMIT"
composer install --working-dir="$satis" --no-dev --no-scripts --no-plugins --no-interaction --no-progress

# Satis does not run the Composer that is installed but its own copy, so that one needs the check too.
own=$(sed -n '/"name": "composer\\/composer"/{n;s/.*"version": "v\\{0,1\\}\\([0-9.]*\\)".*/\\1/p;}' "$satis/composer.lock")
lowest=$(printf '%s\\n%s\\n' "$COMPOSER_FLOOR" "$own" | sort -V | head -n 1)
if [ -z "$own" ] || [ "$lowest" != "$COMPOSER_FLOOR" ]; then
  echo "::error::Satis brings Composer \${own:-of an unknown version}, and below $COMPOSER_FLOOR it can print tokens: nothing is built"
  exit 1
fi
`;

/** Builds what is stale and verifies it. Satis's output repeats what repositories say: the publisher prints none of it as a command of the runner's. */
export const BUILD = `set -euo pipefail
"$NODE" "$PUBLISHER" build --work "$RUNNER_TEMP/registry"
`;

/** One file for the jobs that follow, of whatever there is: thousands of small ones take an artifact minutes. */
export const PACK = `set -euo pipefail
cd "$RUNNER_TEMP/registry"
packed=()
for name in plan.json outcome.json failure.json staged; do
  if [ -e "$name" ]; then packed+=("$name"); fi
done
tar --create --file "$RUNNER_TEMP/registry.tar" --files-from /dev/null "\${packed[@]}"
`;

/**
 * Takes over what an earlier job packed, which read what others wrote: only plain files, and only those that a later job reads. Beside them
 * the working directory holds git's own settings, which would run as commands with this job's rights.
 */
export const UNPACK = `set -euo pipefail
work="$RUNNER_TEMP/registry"
unpacked="$RUNNER_TEMP/unpacked"
rm -rf "$unpacked"
mkdir -p "$unpacked" "$work"
tar --extract --no-same-owner --file "$RUNNER_TEMP/received/registry.tar" --directory "$unpacked"
if [ -n "$(find "$unpacked" ! -type f ! -type d -print -quit)" ]; then
  echo "::error::The result of the build holds more than plain files: nothing is taken over"
  exit 1
fi
for name in plan.json outcome.json failure.json staged; do
  rm -rf "\${work:?}/$name"
  if [ -e "$unpacked/$name" ]; then mv "$unpacked/$name" "$work/$name"; fi
done
`;

/** Commits the staged tree to the registry's branch, if it is the tree that was verified. */
export const PUBLISH = `set -euo pipefail
"$NODE" "$PUBLISHER" publish --work "$RUNNER_TEMP/registry"
`;

/** Waits until consumers get the new build, and tells the outcome: in the run's summary, and in the one issue that is open while something is wrong. */
export const CONFIRM = `set -euo pipefail
"$NODE" "$PUBLISHER" confirm --work "$RUNNER_TEMP/registry" \\
  --build-result "$BUILD_RESULT" --publish-result "$PUBLISH_RESULT" --deploy-result "$DEPLOY_RESULT"
`;

/** Tells the consumers what came since they were last told. */
export const ANNOUNCE = `set -euo pipefail
"$NODE" "$PUBLISHER" announce --work "$RUNNER_TEMP/registry"
`;
