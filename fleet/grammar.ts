/** The grammars of names that end up in API paths, workflow files and command lines; what they refuse never gets there. */

/** GitHub logins: letters, digits and hyphens, up to 39; enterprise managed users have an underscore before their short code. */
export function isOwner(text: string): boolean {
  return /^[a-z0-9][a-z0-9_-]{0,38}$/i.test(text);
}

/** GitHub repository names: letters, digits, `.`, `_` and `-`, up to 100. A leading hyphen would read as an option, so it is refused. */
export function isRepository(text: string): boolean {
  return /^[a-z0-9._][a-z0-9._-]{0,99}$/i.test(text) && !/^\.{1,2}$|\.git$/i.test(text);
}

/** `owner/repo`. */
export function isRepositoryId(text: string): boolean {
  const [owner = "", repository = "", ...rest] = text.split("/");
  return rest.length === 0 && isOwner(owner) && isRepository(repository);
}

/** Composer's package name (composer-schema.json); Composer compares without case. */
export function isPackageName(text: string): boolean {
  return (
    /^[a-z0-9]+(?:[_.-][a-z0-9]+)*\/[a-z0-9]+(?:(?:[_.]|-{1,2})[a-z0-9]+)*$/i.test(text) && text.length <= 200
  );
}

/** The part of a package name before the slash. */
export function isVendor(text: string): boolean {
  return /^[a-z0-9]+(?:[_.-][a-z0-9]+)*$/i.test(text) && text.length <= 100;
}

/** Branch names by the rules of git check-ref-format, in printable ASCII without shell metacharacters. */
export function isBranch(text: string): boolean {
  return /^[\w][\w./+@#=,%-]{0,199}$/.test(text) && !/\.\.|@\{|\/\/|\/\.|\.$|\/$|\.lock(?:\/|$)/.test(text);
}

/** GitHub's secret names: letters, digits and underscores, no leading digit, not beginning with `GITHUB_`. */
export function isSecretName(text: string): boolean {
  return /^[a-z_][a-z0-9_]*$/i.test(text) && !/^github_/i.test(text) && text.length <= 255;
}

/** Owners of a CODEOWNERS file: `@user`, `@organization/team` or an e-mail address. */
export function isReviewer(text: string): boolean {
  const [owner = "", team, ...rest] = text.startsWith("@") ? text.slice(1).split("/") : [];
  if (text.startsWith("@")) {
    return rest.length === 0 && isOwner(owner) && (team === undefined || /^[a-z0-9_][\w-]*$/i.test(team));
  }
  return /^[\w.+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+$/i.test(text);
}
