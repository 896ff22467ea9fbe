/** A private key, to its end; where the text has no end, all that follows is taken for it. */
const PRIVATE_KEY =
  /(-----BEGIN [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----)([\s\S]*?)(-----END [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----|$)/g;

/** Shapes that are credentials wherever they stand, as their issuers document them; of GitHub's, also the `ghs_APPID_JWT` of 2026. */
const TOKEN_SHAPES: readonly { readonly kind: string; readonly shape: RegExp }[] = [
  { kind: "a GitHub token", shape: /gh[opsur]_[A-Za-z0-9][A-Za-z0-9_.-]{15,}/g },
  { kind: "a GitHub token", shape: /github_pat_[A-Za-z0-9_]{16,}/g },
  { kind: "a GitLab token", shape: /gl(?:pat|oas|dt|rt|cbt|ptt|ft|agent|soat)-[A-Za-z0-9_.-]{16,}/g },
  { kind: "a Pulumi token", shape: /pul-[0-9a-f]{40}/g },
  { kind: "a Slack token", shape: /xox[abeoprs]-[A-Za-z0-9-]{10,}/g },
  { kind: "an AWS access key", shape: /A(?:KIA|SIA)[A-Z0-9]{16}/g },
  { kind: "an npm token", shape: /npm_[A-Za-z0-9]{36}/g },
  { kind: "a Stripe key", shape: /[rs]k_live_[A-Za-z0-9]{16}/g },
  { kind: "a Google API key", shape: /AIza[\w-]{35}/g },
  { kind: "a private key", shape: PRIVATE_KEY },
];

/** `user:password@` of a URL, in the scp-like form too; bounded, so that a long text costs no more than its length. */
const PASSWORD_IN_URL = /([^\s/:@"'[\](),=]{1,256}):([^\s/"']{1,512})@(?=[^\s@])/g;
/** The same behind a scheme, the user left out or in. */
const PASSWORD_IN_ADDRESS = /:\/\/[^\s/:@"']{0,256}:([^\s/@"']{1,512})@/g;
/** The same where the password holds a slash, which no URL may: worth hiding, too uncertain to refuse. */
const MALFORMED_PASSWORD = /:\/\/[^\s"'@:]{0,256}:[^\s"'@]{0,512}@/g;
/** A user alone: names stay, what could be a token goes. */
const USER_IN_URL = /:\/\/([^\s/:@"']{1,512})@/g;
const SECRET_IN_QUERY = /[?&](?:[a-z_-]*token|[a-z_-]*secret|[a-z_-]*key|password|auth)=([^&#\s"']+)/gi;

/** Keys of Composer's `config` whose strings authenticate (getcomposer.org, "Authentication for privately hosted packages"). */
const AUTHENTICATION_KEYS = new Set([
  "http-basic",
  "github-oauth",
  "gitlab-oauth",
  "gitlab-token",
  "bitbucket-oauth",
  "forgejo-token",
  "bearer",
]);
const SECRET_KEY =
  /^(?:[\w-]*(?:token|secret|password|passwd|passphrase|api[-_]?key|private[-_]?key)|authorization)$/i;
const USER_KEY = /^(?:user|username|login)$/i;
const HEADER_KEY = /^(?:[a-z]+-)?headers?$/i;
const SECRET_HEADER = /^\s*[\w-]*(?:authorization|token|key|secret|cookie)[\w-]*\s*:\s*(.*)$/is;

/** Tells whether a value only names where the secret comes from: `${TOKEN}`, `$TOKEN`, `${{ secrets.TOKEN }}`, `{{ token }}`, `%TOKEN%`, `%env(TOKEN)%`. */
export function isPlaceholder(value: string): boolean {
  return (
    value.trim() === "" ||
    /^(?:\$[A-Z_][A-Z0-9_]*|\$\{\w+\}|\$\{\{\s*[\w.-]+\s*\}\}|\{\{\s*[\w.-]+\s*\}\}|%\w+%|%env\(\w+\)%)$/.test(
      value.trim(),
    )
  );
}

/** Replaces everything in a text that is shaped like a credential with `***`. */
export function redactCredentials(text: string): string {
  let safe = text;
  for (const { shape } of TOKEN_SHAPES) safe = safe.replace(shape, "***");
  if (!safe.includes("@") && !safe.includes("=")) return safe;
  return safe
    .replace(PASSWORD_IN_URL, (whole, _user: string, password: string) =>
      isPlaceholder(password) ? whole : "***@",
    )
    .replace(MALFORMED_PASSWORD, (whole) =>
      whole.includes("$") || whole.includes("***") ? whole : "://***@",
    )
    .replace(USER_IN_URL, (whole, user: string) => (isUserName(user) ? whole : "://***@"))
    .replace(SECRET_IN_QUERY, (whole, value: string) =>
      isPlaceholder(value) ? whole : `${whole.slice(0, whole.length - value.length)}***`,
    );
}

/**
 * Replaces each word of the private keys in a text with `***`; lines stay, and their number.
 *
 * For what is cut into lines later on: a line of a key's body is shaped like nothing.
 */
export function redactPrivateKeys(text: string): string {
  return text.replace(
    PRIVATE_KEY,
    (_, begin: string, body: string, end: string) => `${begin}${body.replace(/\S+/g, "***")}${end}`,
  );
}

/** Names the credential that a URL carries, if it carries one; never gives its value. */
export function credentialInUrl(text: string): string | undefined {
  const token = tokenIn(text);
  if (token !== undefined) return token;
  if (!text.includes("@") && !text.includes("=")) return undefined;
  if ([...text.matchAll(PASSWORD_IN_URL)].some(([, , password]) => !isPlaceholder(password ?? "")))
    return "a password";
  if ([...text.matchAll(USER_IN_URL)].some(([, user]) => !isUserName(user ?? ""))) return "a token";
  if ([...text.matchAll(SECRET_IN_QUERY)].some(([, value]) => !isPlaceholder(value ?? ""))) return "a token";
  return undefined;
}

/**
 * Names the credential that a text of any kind holds, if it holds one; never gives its value.
 *
 * Of passwords only those behind `scheme://user:`: scripts and YAML are full of what would be one without.
 */
export function credentialInText(text: string): string | undefined {
  const token = tokenIn(text);
  if (token !== undefined || !text.includes("://")) return token;
  const passwords = [...text.matchAll(PASSWORD_IN_ADDRESS)].map(([, password = ""]) => password);
  return passwords.some((password) => !isPlaceholder(password) && !/^\*+$/.test(password))
    ? "a password in a URL"
    : undefined;
}

/** A literal credential in a document: where it is and what it is, never its value. */
export interface FoundCredential {
  readonly path: readonly (string | number)[];
  readonly kind: string;
}

/**
 * Finds every literal credential of a JSON document: by shape anywhere, and by place where Composer expects one.
 *
 * satis.json is committed to a repository that all consumers may read, so whatever authenticates must not stand in it.
 */
export function findCredentials(document: unknown): FoundCredential[] {
  const found: FoundCredential[] = [];
  walk(document, [], { authentication: false, header: false, key: "" }, found);
  return found;
}

interface Place {
  /** Inside one of {@link AUTHENTICATION_KEYS}. */
  readonly authentication: boolean;
  readonly header: boolean;
  /** Nearest object key. */
  readonly key: string;
}

function walk(
  value: unknown,
  path: readonly (string | number)[],
  place: Place,
  found: FoundCredential[],
): void {
  if (typeof value === "string") {
    const kind = credentialAt(value, place);
    if (kind !== undefined) found.push({ path, kind });
  } else if (Array.isArray(value)) {
    value.forEach((item, index) => void walk(item, [...path, index], place, found));
  } else if (typeof value === "object" && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      const here = [...path, key];
      const kind = credentialInUrl(key);
      if (kind !== undefined) found.push({ path: here, kind });
      const inside = {
        authentication: place.authentication || AUTHENTICATION_KEYS.has(key.toLowerCase()),
        header: place.header || HEADER_KEY.test(key),
        key,
      };
      walk(item, here, inside, found);
    }
  }
}

function credentialAt(value: string, { authentication, header, key }: Place): string | undefined {
  const isUrl = /^url$/i.test(key) || value.includes("://");
  const shaped = isUrl ? credentialInUrl(value) : tokenIn(value);
  if (shaped !== undefined) return shaped;
  if (header) {
    const [, secret] = SECRET_HEADER.exec(value) ?? [];
    if (secret !== undefined) {
      return isPlaceholder(secret.replace(/^(?:bearer|basic|token)\s+/i, ""))
        ? undefined
        : "a credential in a header";
    }
  }
  if (isPlaceholder(value)) return undefined;
  if (USER_KEY.test(key)) return authentication && !isUserName(value) ? "a token" : undefined;
  return authentication || SECRET_KEY.test(key) ? "a credential" : undefined;
}

function tokenIn(text: string): string | undefined {
  return TOKEN_SHAPES.find(({ shape }) => text.search(shape) !== -1)?.kind;
}

/** A login is short; a token used as one (GitHub accepts `https://TOKEN@github.com`) is long. */
function isUserName(user: string): boolean {
  return isPlaceholder(user) || (user.length < 20 && tokenIn(user) === undefined);
}
