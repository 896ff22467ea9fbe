import { JQ_DEFINITIONS } from "./identity.ts";

/** git in `$tree`, with the job's token handed over by a credential helper: in no command line, no file, no URL. */
const AUTHENTICATED_GIT = `
remote_git() {
  git -C "$tree" -c credential.helper= \\
    -c 'credential.helper=!f() { if [ "$1" = get ]; then echo username=x-access-token; echo "password=$PUSH_TOKEN"; fi; }; f' "$@"
}
`;

/**
 * Commits the verified result to the registry's branch with one plain push, or says that nothing changed.
 *
 * The branch has no parent in common with the code; the first publish makes it. index.html does not count as a change, for Satis
 * writes the time into it. A push that is refused, for somebody else was faster, is tried once more on top of theirs; it is
 * never forced. A package that was published and is still selected from a repository that is still listed may not vanish.
 */
export const PUBLISH = `set -euo pipefail
result="$RUNNER_TEMP/result"
tree="$RUNNER_TEMP/published"
${AUTHENTICATED_GIT}
fetch_published() {
  rm -rf "$tree"
  git init --quiet "$tree"
  git -C "$tree" symbolic-ref HEAD "refs/heads/$REGISTRY_BRANCH"
  git -C "$tree" remote add origin "$GITHUB_SERVER_URL/$GITHUB_REPOSITORY.git"
  tip=$(remote_git ls-remote origin "refs/heads/$REGISTRY_BRANCH" | cut -f 1)
  if [ -n "$tip" ]; then
    remote_git fetch --quiet --depth=1 origin "$tip"
    git -C "$tree" reset --quiet --hard "$tip"
  fi
}

refuse_vanished() {
  if [ ! -d "$tree/p2" ]; then return; fi
  if ! find "$tree/p2" -name '*.json' -print0 | xargs -0 -r -n 200 jq -c '${JQ_DEFINITIONS} listed' >"$RUNNER_TEMP/before" 2>"$RUNNER_TEMP/jq.out"; then
    echo "::warning::The published registry cannot be read, so nothing is compared with it"
    return
  fi
  vanished=$(jq -r --slurpfile before "$RUNNER_TEMP/before" --slurpfile now "$RUNNER_TEMP/packages" '${JQ_DEFINITIONS}
    def selected($package):
      if .["only-dependencies"] == true then false
      elif selects_all then
        (.blacklist | names($package.name) | not)
        and ((has("include-types") | not) or (.["include-types"] | index($package.type) != null))
        and (.["exclude-types"] // [] | index($package.type) == null)
        and (.["minimum-stability"] // "dev") == "dev" and (.["strip-hosts"] // false) == false
      else .require | names($package.name)
      end;
    ([$now[].name | {key: ., value: true}] | from_entries) as $names
    | ([$now[].sources[] | {key: identity, value: true}] | from_entries) as $built
    | ([entries[].url | {key: identity, value: true}] | from_entries) as $listed
    | . as $satis
    | $before[] | . as $package
    | select($names[.name] | not)
    | [.sources[] | identity | select($listed[.] and ($built[.] | not))] | first // empty
    | select($satis | selected($package))
    | "\\($package.name) was published from \\(.), which satis.json still lists, and is missing now"
  ' "$RUNNER_TEMP/satis.json" | sort -u)
  if [ -n "$vanished" ]; then
    printf '%s\\n' "$vanished" | tr -cd '[:print:]\\n' | sed 's/^/::error::/'
    echo "The result is incomplete: nothing is published. Take a repository out of satis.json if its package is meant to go."
    exit 1
  fi
}

stage_result() {
  git -C "$tree" rm -r --quiet --force --ignore-unmatch -- .
  cp -R "$result/." "$tree/"
  git -C "$tree" add --all --force
}

is_unchanged() {
  [ -n "$tip" ] && git -C "$tree" diff --cached --quiet "$tip" -- . ':(exclude)index.html'
}

commit_result() {
  git -C "$tree" -c user.name='github-actions[bot]' -c user.email='41898282+github-actions[bot]@users.noreply.github.com' \\
    -c commit.gpgsign=false commit --quiet --message "Publish the registry" --message "Built from $GITHUB_SHA."
}

changed=false
for attempt in 1 2; do
  fetch_published
  refuse_vanished
  stage_result
  if is_unchanged; then
    git -C "$tree" reset --quiet --hard "$tip"
    echo "Nothing to commit: the registry is what is published already." | tee -a "$GITHUB_STEP_SUMMARY"
    break
  fi
  commit_result
  if remote_git push --quiet origin "HEAD:refs/heads/$REGISTRY_BRANCH"; then
    changed=true
    echo "Published the registry to the branch $REGISTRY_BRANCH." | tee -a "$GITHUB_STEP_SUMMARY"
    break
  fi
  if [ "$attempt" -eq 2 ]; then
    echo "::error::The branch $REGISTRY_BRANCH refused the push twice: nothing is published, the next run tries again"
    exit 1
  fi
  echo "::warning::The branch $REGISTRY_BRANCH refused the push; once more on top of what it has now"
done

commit=$(git -C "$tree" rev-parse HEAD)
deploy=false
if [ "$HOSTING" = pages ]; then
  deployed=$(remote_git ls-remote origin "$DEPLOYED_REF" | cut -f 1)
  if [ "$deployed" != "$commit" ] || [ "$ALWAYS_DEPLOY" = true ]; then deploy=true; fi
fi
printf 'changed=%s\\ndeploy=%s\\ncommit=%s\\n' "$changed" "$deploy" "$commit" >>"$GITHUB_OUTPUT"
`;

/**
 * Notes which commit the site shows, so that a later run knows whether it has to deploy.
 *
 * The ref belongs to this workflow alone and is no branch, so it is moved by force; a branch never is.
 */
export const CONFIRM = `set -euo pipefail
tree="$RUNNER_TEMP/deployed"
${AUTHENTICATED_GIT}
rm -rf "$tree"
git init --quiet --bare "$tree"
git -C "$tree" remote add origin "$GITHUB_SERVER_URL/$GITHUB_REPOSITORY.git"
remote_git fetch --quiet --depth=1 origin "$COMMIT"
remote_git push --quiet --force origin "$COMMIT:$DEPLOYED_REF"
`;
