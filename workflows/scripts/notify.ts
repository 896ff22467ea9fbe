/**
 * Tells the composer repository that this repository has changed, and says in words what to do where that fails.
 *
 * Environment: DISPATCH_TOKEN, SECRET_NAME, COMPOSER_REPOSITORY, DISPATCH_PATH, DISPATCH_BODY, and GitHub's own GITHUB_API_URL.
 * The token reaches curl through a pipe (`printf` is part of the shell), never through the command line, where every process of
 * the machine could read it. No API version is asked for: a version's end of life would stop a file that rarely changes.
 */
export const NOTIFY_SCRIPT = `set -euo pipefail

fail() {
  printf '::error title=Composer repository not notified::%s\\n' "$1"
  exit 1
}

if [ -z "$DISPATCH_TOKEN" ]; then
  fail "The secret $SECRET_NAME is not set for this repository, so $COMPOSER_REPOSITORY was not told of this change. Run 'pulumi up' of the fleet, which sets it; the schedule of $COMPOSER_REPOSITORY picks the change up meanwhile."
fi
case "$DISPATCH_TOKEN" in
  *[!A-Za-z0-9_.~+/=-]*) fail "The secret $SECRET_NAME is no token: it holds a space, a line break or a quote. Set it again, without them." ;;
esac

answer=$(mktemp)
headers=$(mktemp)
trap 'rm -f "$answer" "$headers"' EXIT

send() {
  printf 'header = "Authorization: Bearer %s"\\n' "$DISPATCH_TOKEN" |
    curl --config - --silent --show-error --location --max-redirs 3 --connect-timeout 10 --max-time 30 \\
      --request POST --header 'Accept: application/vnd.github+json' --header 'Content-Type: application/json' \\
      --data-raw "$DISPATCH_BODY" --dump-header "$headers" --output "$answer" --write-out '%{http_code}' \\
      "$GITHUB_API_URL$DISPATCH_PATH"
}

backoff=2
for attempt in 1 2 3 4 5; do
  : >"$answer"
  : >"$headers"
  status=$(send) || status="no answer"
  said=$(tr -cd '[:print:]' <"$answer" | cut -c 1-300)
  after=$(sed -n 's/^retry-after: *\\([0-9]\\{1,6\\}\\).*$/\\1/Ip' "$headers" | tail -n 1)
  case "$status" in
    200 | 204)
      printf 'Told %s of this change.\\n' "$COMPOSER_REPOSITORY"
      exit 0
      ;;
    401)
      fail "GitHub does not accept the token in $SECRET_NAME (401): it has expired or was revoked. Make a new one and run 'pulumi up' of the fleet with it."
      ;;
    403)
      if [ -z "$after" ]; then
        fail "The token in $SECRET_NAME may not start workflows in $COMPOSER_REPOSITORY (403): it needs 'Actions: write' there, and no organization rule against it. GitHub says: $said"
      fi
      ;;
    404)
      fail "$COMPOSER_REPOSITORY or its workflow is not there, or the token in $SECRET_NAME cannot see it (404). GitHub says: $said"
      ;;
    422)
      fail "$COMPOSER_REPOSITORY does not take this notification (422): its workflow or the branch that it is started on has changed; run 'pulumi up' of the fleet. GitHub says: $said"
      ;;
    429 | 5?? | "no answer") ;;
    *)
      fail "GitHub answered $status, which this workflow does not know. GitHub says: $said"
      ;;
  esac
  if [ "$attempt" -lt 5 ]; then
    pause=$backoff
    if [ -n "$after" ] && [ "$after" -gt "$pause" ]; then pause=$after; fi
    if [ "$pause" -gt 60 ]; then pause=60; fi
    printf 'Attempt %s: %s; next in %s s.\\n' "$attempt" "$status" "$pause"
    sleep "$pause"
    backoff=$((backoff * 2))
  fi
done
fail "GitHub did not take the notification in 5 attempts (last: $status). Run this job again; the schedule of $COMPOSER_REPOSITORY picks the change up meanwhile."
`;
