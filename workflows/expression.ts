/**
 * Text that GitHub evaluates to `text` itself, wherever a workflow's value may hold expressions.
 *
 * Without it, a name such as `${{ secrets.X }}` would be replaced by the secret before the step starts.
 */
export function literal(text: string): string {
  return text.replaceAll("${{", "${{ '${{' }}");
}

/** `text` with everything but printable ASCII replaced by `?`, so that it cannot start a line of its own in a log. */
export function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?");
}

/**
 * `secrets.NAME` as an expression.
 *
 * @throws RangeError where GitHub would not take the name (letters, digits and `_`, no leading digit, no `GITHUB_`).
 */
export function secret(name: string): string {
  if (!/^(?!GITHUB_)[A-Z_][A-Z0-9_]*$/i.test(name)) {
    throw new RangeError(
      `${JSON.stringify(name)} is no name for a secret: use letters, digits and _, not starting with a digit or GITHUB_`,
    );
  }
  return `\${{ secrets.${name} }}`;
}

/**
 * The condition that a run is on `branch`.
 *
 * @throws RangeError where `branch` is not a name that git accepts, or holds the start of an expression.
 */
export function onBranch(branch: string): string {
  return `github.ref == 'refs/heads/${checkBranch(branch).replaceAll("'", "''")}'`;
}

/**
 * The trigger pattern that matches `branch` and nothing else: `*`, `?`, `[` cannot be in a branch's name, the others are escaped.
 *
 * @throws RangeError as {@link onBranch} does.
 */
export function branchPattern(branch: string): string {
  return checkBranch(branch).replace(/[+!\]]/g, "\\$&");
}

function checkBranch(branch: string): string {
  // The forms that git check-ref-format refuses, and `${{`, which git takes and GitHub would evaluate.
  const refused =
    branch === "" || /\p{Cc}|[ ~^:?*[\\]|\.\.|@\{|\/\/|^[-/.]|\/\.|[/.]$|\.lock$|\$\{\{/u.test(branch);
  if (refused) throw new RangeError(`${JSON.stringify(branch)} is no branch name that a workflow can carry`);
  return branch;
}
