/**
 * Stops unless a committed program is the file that the control plane committed, and finds a Node that runs it (22 or newer).
 *
 * Nothing is installed: where the runner's own `node` is older, one of its tool cache takes its place.
 *
 * @param name the program's, such as `publisher`; its path and digest arrive as NAME and NAME_SHA256
 */
export function checkProgram(name: string): string {
  const variable = name.toUpperCase();
  return `set -euo pipefail
if ! printf '%s  %s\\n' "$${variable}_SHA256" "$${variable}" | sha256sum --check --status; then
  echo "::error::$${variable} is not the file that this workflow belongs to: run 'pulumi up' of the fleet, which puts both back"
  exit 1
fi
for node in "$(command -v node || true)" "\${RUNNER_TOOL_CACHE:-/opt/hostedtoolcache}"/node/2[2-9].*/*/bin/node; do
  if [ -x "$node" ] && "$node" -e 'process.exit(Number.parseInt(process.versions.node, 10) < 22 ? 1 : 0)'; then
    printf 'node=%s\\n' "$node" >>"$GITHUB_OUTPUT"
    exit 0
  fi
done
echo "::error::The ${name} needs Node 22 or newer, and this runner has none"
exit 1
`;
}
