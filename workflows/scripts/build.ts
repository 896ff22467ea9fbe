import { JQ_DEFINITIONS } from "./identity.ts";

/** Writes what asked for this build to the run's summary; PACKAGE is a dispatched text, so it is checked and never echoed unchecked. */
export const REPORT_REQUEST = `set -euo pipefail
export LC_ALL=C
if [[ ! "$PACKAGE" =~ ^[A-Za-z0-9_.-]{1,200}/[A-Za-z0-9_.-]{1,200}$ ]]; then
  echo "::error::The input package is no package name or owner/repository"
  exit 1
fi
printf 'Asked for by <code>%s</code>. The whole registry is built.\\n' "$PACKAGE" >>"$GITHUB_STEP_SUMMARY"
`;

/** Stops unless the Composer that setup-php gave is at least COMPOSER_FLOOR. */
export const CHECK_COMPOSER = `set -euo pipefail
found=$(composer --version --no-ansi 2>/dev/null | sed -n 's/^Composer version \\([0-9.]*\\).*$/\\1/p' | head -n 1)
lowest=$(printf '%s\\n%s\\n' "$COMPOSER_FLOOR" "$found" | sort -V | head -n 1)
if [ -z "$found" ] || [ "$lowest" != "$COMPOSER_FLOOR" ]; then
  echo "::error::Composer is \${found:-missing}, and below $COMPOSER_FLOOR it can print tokens (CVE-2026-45793): nothing is built"
  exit 1
fi
echo "Composer $found"
`;

/** Installs Satis at SATIS_COMMIT from its own lock; git itself checks that what arrives has that id. */
export const INSTALL_SATIS = `set -euo pipefail
export COMPOSER_CACHE_DIR="$RUNNER_TEMP/composer-cache"
satis="$RUNNER_TEMP/satis"
rm -rf "$satis"
git init --quiet "$satis"
git -C "$satis" fetch --quiet --depth=1 https://github.com/composer/satis.git "$SATIS_COMMIT"
git -C "$satis" checkout --quiet --detach "$SATIS_COMMIT"
composer install --working-dir="$satis" --no-dev --no-scripts --no-plugins --no-interaction --no-progress

# Satis does not run the Composer that is installed but its own copy, so that one needs the check too.
own=$(jq -r '.packages[] | select(.name == "composer/composer") | .version' "$satis/composer.lock")
lowest=$(printf '%s\\n%s\\n' "$COMPOSER_FLOOR" "$own" | sort -V | head -n 1)
if [ -z "$own" ] || [ "$lowest" != "$COMPOSER_FLOOR" ]; then
  echo "::error::Satis brings Composer \${own:-of an unknown version}, and below $COMPOSER_FLOOR it can print tokens: nothing is built"
  exit 1
fi
`;

/**
 * Derives Satis's configuration from satis.json: no `archive` (packages are linked, so permissions follow the project) and no
 * `output-dir` (the directory is ours); on GitHub Enterprise Server, its host is named as a GitHub domain.
 */
export const DERIVE_CONFIGURATION = `set -euo pipefail
host=\${GITHUB_SERVER_URL#*://}
jq --arg host "$host" '
  del(.archive, .["output-dir"])
  | if $host == "github.com" then . else .config["github-domains"] = ((.config["github-domains"] // ["github.com"]) + [$host] | unique) end
' satis.json >"$RUNNER_TEMP/satis.json"
`;

/**
 * Runs Satis into a fresh directory, the only step that has the read token, and stops where the result holds that token.
 *
 * Satis's output repeats what repositories say, so workflow commands are off while it runs.
 */
export const BUILD = `set -euo pipefail
export COMPOSER_CACHE_DIR="$RUNNER_TEMP/composer-cache"
result="$RUNNER_TEMP/result"
rm -rf "$result"
mkdir -p "$result"

host=\${GITHUB_SERVER_URL#*://}
COMPOSER_AUTH='{}'
if [ -n "$READ_TOKEN" ]; then
  COMPOSER_AUTH=$(jq -nc --arg host "$host" '{"github-oauth": {($host): env.READ_TOKEN}}')
else
  echo "::warning::The secret $READ_TOKEN_NAME is not set: only public repositories can be read, and slowly"
fi
export COMPOSER_AUTH

resume=$(od -An -tx1 -N16 /dev/urandom | tr -d ' \\n')
echo "::stop-commands::$resume"
code=0
READ_TOKEN='' php "$RUNNER_TEMP/satis/bin/satis" build --no-interaction --no-ansi "$RUNNER_TEMP/satis.json" "$result" 2>&1 |
  tee "$RUNNER_TEMP/satis.log" || code=$?
echo "::$resume::"
if [ "$code" -ne 0 ]; then
  echo "::error::Satis ended with exit code $code: nothing is published, the last registry stays"
  exit 1
fi
if [ -n "$READ_TOKEN" ] && printf '%s\\n' "$READ_TOKEN" | grep -rqF -f - "$result"; then
  echo "::error::The result holds the read token: nothing is published. Look for it in a composer.json, then replace it"
  exit 1
fi
`;

/**
 * Refuses an incomplete result, naming everything that is missing.
 *
 * Satis ends with 0 although a package is missing: it prints that a requirement matched nothing, or prints nothing at all. So its
 * output, every file that packages.json leads to, and, where everything is selected and nothing filters, every GitHub repository
 * of satis.json is checked.
 */
export const VERIFY = `set -euo pipefail
result="$RUNNER_TEMP/result"
satis="$RUNNER_TEMP/satis.json"
log="$RUNNER_TEMP/satis.log"
problems="$RUNNER_TEMP/problems"
: >"$problems"

finish() {
  if [ -s "$problems" ]; then
    tr -cd '[:print:]\\n' <"$problems" | sed 's/^/::error::/'
    echo "The result is incomplete: nothing is published, the last registry stays."
    exit 1
  fi
}

grep -E 'Skipping Exception|No valid composer\\.json was found|could not load a package from' "$log" |
  sed 's/^/Satis left something out: /' >>"$problems" || true
# With require-dependencies, Satis says the same of dependencies that are meant to come from elsewhere.
sed -n 's/^.*The \\([^ ]\\{1,\\}\\) .*requirement did not match any package.*$/\\1/p' "$log" | sort -u |
  jq -rR --slurpfile satis "$satis" '${JQ_DEFINITIONS}
    . as $name | $satis[0]
    | select((.["require-dependencies"] != true and .["require-dev-dependencies"] != true) or (.require | names($name)))
    | "\\($name) is required, and no repository has a version of it that matches"
  ' >>"$problems"

if ! jq -e 'type == "object"' "$result/packages.json" >"$RUNNER_TEMP/jq.out" 2>&1; then
  echo "packages.json is missing or no JSON object" >>"$problems"
  finish
fi

find "$result" -name '*.json' ! -path "$result/packages.json" -print0 >"$RUNNER_TEMP/files"
if ! xargs -0 -r -n 200 jq -r 'select(type != "object" or ((.packages | type) != "object" and .packages != [])) | input_filename + " lists no packages"' \\
  <"$RUNNER_TEMP/files" >>"$problems" 2>"$RUNNER_TEMP/jq.out"; then
  while IFS= read -r -d '' file; do
    jq -e . "$file" >"$RUNNER_TEMP/jq.out" 2>&1 || printf '%s is no JSON\\n' "\${file#"$result"/}" >>"$problems"
  done <"$RUNNER_TEMP/files"
  finish
fi

: >"$RUNNER_TEMP/names"
jq -r '(.includes // {} | objects | to_entries[] | [.key, .value.sha1]), (.["providers-url"] as $url | .providers // {} | objects | to_entries[]
  | . as $p | [($url | sub("^.*(?=p/%package%)"; "") | sub("%package%"; $p.key) | sub("%hash%"; $p.value.sha256)), $p.value.sha256]) | @tsv' \\
  "$result/packages.json" >"$RUNNER_TEMP/includes"
while IFS=$'\\t' read -r file sum; do
  case "/$file/" in
    */../* | //*)
      printf 'packages.json names %s, which is outside of the registry\\n' "$file" >>"$problems"
      continue
      ;;
  esac
  if [ ! -f "$result/$file" ]; then
    printf '%s is named by packages.json and missing\\n' "$file" >>"$problems"
    continue
  fi
  jq -r '.packages | objects | keys[]' "$result/$file" >>"$RUNNER_TEMP/names"
  case "\${#sum}" in
    40) is=$(sha1sum <"$result/$file") ;;
    *) is=$(sha256sum <"$result/$file") ;;
  esac
  if [ "\${is%% *}" != "$sum" ]; then printf '%s is not what packages.json says\\n' "$file" >>"$problems"; fi
done <"$RUNNER_TEMP/includes"

jq -r '(.["available-packages"] // [])[], (.providers // {} | objects | keys[])' "$result/packages.json" >>"$RUNNER_TEMP/names"
while IFS= read -r name; do
  if [[ ! "$name" =~ ^[a-z0-9][a-z0-9_.-]*(/[a-z0-9][a-z0-9_.-]*)?$ ]]; then
    printf '%s is no package name\\n' "$name" >>"$problems"
    continue
  fi
  for file in "p2/$name.json" "p2/$name~dev.json"; do
    if [ ! -f "$result/$file" ]; then printf '%s is missing\\n' "$file" >>"$problems"; fi
  done
done < <(sort -u "$RUNNER_TEMP/names")
finish

if [ -d "$result/p2" ]; then
  find "$result/p2" -name '*.json' -print0 | xargs -0 -r -n 200 jq -c '${JQ_DEFINITIONS} listed' >"$RUNNER_TEMP/packages"
else
  : >"$RUNNER_TEMP/packages"
fi
sort -u "$RUNNER_TEMP/names" | jq -nrR --slurpfile packages "$RUNNER_TEMP/packages" '
  ([$packages[] | select(.versions > 0) | {key: .name, value: true}] | from_entries) as $present
  | inputs | select($present[.] | not) | "\\(.) has no version in its files"
' >>"$problems"
jq -r --slurpfile packages "$RUNNER_TEMP/packages" --arg server "\${GITHUB_SERVER_URL#*://}" '${JQ_DEFINITIONS}
  def filters: (.blacklist // {} | length > 0) or has("include-types") or (.["exclude-types"] // [] | length > 0) or .["only-dependencies"] == true
    or (.["minimum-stability"] // "dev") != "dev" or has("minimum-stability-per-package") or (.["strip-hosts"] // false) != false;
  ([$packages[].sources[] | {key: identity, value: true}] | from_entries) as $built
  | ([$packages[] | {key: .name, value: true}] | from_entries) as $named
  | select(selects_all and (filters | not))
  | entries[]
  | select((.type | IN("vcs", "git", "github")) and (has("only") or has("exclude") | not))
  | (.url | identity) as $repository
  | select($repository | split("/")[0] | IN("github.com", $server))
  | select(($built[$repository] or $named[.name // "" | ascii_downcase]) | not)
  | "\\($repository) has no package in the result: it cannot be read, was renamed, or has no composer.json"
' "$satis" | sort -u >>"$problems"
finish
printf 'Complete: %s packages.\\n' "$(sort -u "$RUNNER_TEMP/names" | wc -l | tr -d ' ')"
`;

/** Makes packages.json lead to the contents API, from where consumers of a private registry read the branch. */
export const ADDRESS_BY_CONTENTS = `set -euo pipefail
api=\${GITHUB_API_URL#*://}
prefix=''
case "$api" in */*) prefix="/\${api#*/}" ;; esac
jq --arg url "$prefix/repos/$GITHUB_REPOSITORY/contents/p2/%package%.json?ref=$REGISTRY_BRANCH" '.["metadata-url"] = $url' \\
  "$RUNNER_TEMP/result/packages.json" >"$RUNNER_TEMP/packages.json"
mv "$RUNNER_TEMP/packages.json" "$RUNNER_TEMP/result/packages.json"
`;
