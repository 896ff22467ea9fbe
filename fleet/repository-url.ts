import { credentialInUrl, isPlaceholder } from "./credentials.ts";
import { quoted, safeText } from "./findings.ts";
import { isOwner, isRepository } from "./grammar.ts";

/** Where a repository lives, the same for every way of writing its URL. */
export interface RepositoryUrl {
  /** `github` on the fleet's own GitHub, `other` on any other host, `local` for a path on the machine that builds. */
  readonly kind: "github" | "other" | "local";
  /** In lower case; empty for `local`. */
  readonly host: string;
  /** `owner/repo` in lower case on GitHub; as written, without leading and trailing slashes and `.git`, elsewhere. */
  readonly path: string;
  /** Safe to print: one line, without user, password and query. */
  readonly printable: string;
}

/** Why a URL is refused; the message is safe to print. */
export interface RefusedUrl {
  readonly message: string;
  readonly remedy: string;
  /** Set where the reason is a literal credential. */
  readonly credential?: true;
}

export type ParsedUrl =
  | { readonly url: RepositoryUrl; readonly refused?: undefined }
  | { readonly url?: undefined; readonly refused: RefusedUrl };

/** Transports that a build can fetch over; `file`, git's `ext::` and other helpers run on, or read from, the machine that builds. */
const SCHEMES = new Set([
  "https",
  "http",
  "git",
  "ssh",
  "git+ssh",
  "ssh+git",
  "git+https",
  "svn",
  "svn+ssh",
  "svn+http",
  "svn+https",
]);
/** Characters with a meaning to shells, YAML or workflow expressions, and none in the address of a repository. */
const METACHARACTERS = /["'`$;|&<>\\{}()*!^#]/;
const WRITE_HTTPS = "write https://HOST/OWNER/REPOSITORY";

/**
 * Normalises every form in which a repository's URL is written to host and path, or refuses it.
 *
 * The forms are those that git and Composer take: https, http, git and ssh URLs with or without user, port, `www.`, `.git` and trailing
 * slash, percent escapes, and `git@host:owner/repo`. GitHub compares names without case, so GitHub paths come in lower case. What comes
 * out ends up in API paths and workflow files; hence GitHub paths must follow GitHub's grammar, and no URL of any host may hold control
 * characters, metacharacters of shells, options or steps upwards.
 *
 * @param githubHost host of the fleet's GitHub, `github.com` unless it is GitHub Enterprise
 */
export function parseRepositoryUrl(text: string, githubHost = "github.com"): ParsedUrl {
  const credential = credentialInUrl(text);
  if (credential !== undefined) {
    const message = `the URL carries ${credential}`;
    return {
      refused: {
        message,
        remedy: "take it out of the URL, revoke it, and set satis-fleet:readToken",
        credential: true,
      },
    };
  }
  const unsafe = unsafeText(text);
  if (unsafe !== undefined) return unsafe;
  const parts = split(text);
  if (parts === undefined) return local(text, githubHost);
  return parts.refused === undefined ? remote(text, parts, githubHost) : parts;
}

function unsafeText(text: string): ParsedUrl | undefined {
  if (text === "") return refuse("the URL is empty", WRITE_HTTPS);
  if (/[\s\p{C}]/u.test(text))
    return refuse(`the URL ${quoted(text)} holds spaces or control characters`, WRITE_HTTPS);
  if (text.startsWith("-"))
    return refuse(`the URL ${quoted(text)} begins with "-" and would be read as an option`, WRITE_HTTPS);
  const helper = /^[\w+.-]*::/.exec(text)?.[0];
  if (helper !== undefined)
    return refuse(`${quoted(helper)} runs a program of the machine that builds`, WRITE_HTTPS);
  return undefined;
}

interface Parts {
  readonly scheme: string;
  readonly host: string;
  readonly port: string;
  readonly path: string;
  readonly refused?: undefined;
}

/** Takes a URL or scp-like address apart; undefined for a path. */
function split(text: string): Parts | { readonly refused: RefusedUrl } | undefined {
  const [, scheme, rest] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/i.exec(text) ?? [];
  if (scheme !== undefined && rest !== undefined) {
    if (!SCHEMES.has(scheme.toLowerCase())) {
      return refuse(`a build elsewhere cannot fetch from ${quoted(`${scheme}:`)}`, WRITE_HTTPS);
    }
    const slash = rest.search(/[/?#]/);
    const authority = slash === -1 ? rest : rest.slice(0, slash);
    const at = authority.lastIndexOf("@");
    const user = authority.slice(0, Math.max(at, 0)).split(":");
    if (user.some((part) => METACHARACTERS.test(part) && !isPlaceholder(part))) {
      return refuse(`the user of ${quoted(text)} holds characters that no user has`, WRITE_HTTPS);
    }
    const path = slash === -1 ? "" : rest.slice(slash);
    return address(text, { scheme: scheme.toLowerCase(), hostAndPort: authority.slice(at + 1), path });
  }
  const [, host, path] = /^(?:[^@/:]+@)?([^@/:]+):(.*)$/.exec(text) ?? [];
  if (host === undefined || path === undefined || /^[a-z]$/i.test(host)) return undefined;
  if (SCHEMES.has(host.toLowerCase()) || /^(?:file|ext)$/i.test(host)) {
    return refuse(`${quoted(text)} is no URL of a repository`, WRITE_HTTPS);
  }
  return address(text, { scheme: "ssh", hostAndPort: host, path });
}

function address(
  text: string,
  {
    scheme,
    hostAndPort,
    path,
  }: { readonly scheme: string; readonly hostAndPort: string; readonly path: string },
): Parts | { readonly refused: RefusedUrl } {
  const [, written, port = ""] = /^([a-z0-9.-]+|\[[0-9a-f:.]+\])(?::(\d{0,5}))?$/i.exec(hostAndPort) ?? [];
  const host = written?.toLowerCase().replace(/\.$/, "");
  if (host === undefined || host === "" || host.startsWith("-") || host.startsWith(".")) {
    return refuse(`the URL ${quoted(text)} names no valid host`, WRITE_HTTPS);
  }
  return { scheme, host, port, path };
}

function remote(text: string, { scheme, host, port, path: written }: Parts, githubHost: string): ParsedUrl {
  const decoded = decode(written);
  if (decoded === undefined)
    return refuse(`the URL ${quoted(text)} has a percent escape that is none`, WRITE_HTTPS);
  const [beforeQuery = ""] = written.split("?");
  if (METACHARACTERS.test(decoded) || /[\p{C}\s]/u.test(decoded.replaceAll(" ", ""))) {
    return refuse(`the path of ${quoted(text)} holds characters that no repository has`, WRITE_HTTPS);
  }
  if (/(?:^|\/)\.{1,2}(?:\/|$)/.test(decoded))
    return refuse(`the path of ${quoted(text)} steps upwards`, WRITE_HTTPS);
  if (/^\/*-/.test(decoded)) return refuse(`the path of ${quoted(text)} begins with "-"`, WRITE_HTTPS);
  const path = trimmed(decoded);
  if (isGitHub(host, githubHost)) return onGitHub(text, path, githubHost);
  if (path === "") return refuse(`the URL ${quoted(text)} names no repository`, WRITE_HTTPS);
  const place = port === "" ? host : `${host}:${port}`;
  return {
    url: { kind: "other", host, path, printable: safeText(`${scheme}://${place}/${trimmed(beforeQuery)}`) },
  };
}

function onGitHub(text: string, path: string, githubHost: string): ParsedUrl {
  const [owner = "", repository = "", ...rest] = path.toLowerCase().split("/");
  if (rest.length > 0 || !isOwner(owner) || !isRepository(repository)) {
    return refuse(
      `${quoted(text)} names no repository of ${githubHost}`,
      `write https://${githubHost}/OWNER/REPOSITORY`,
    );
  }
  const id = `${owner}/${repository}`;
  return { url: { kind: "github", host: githubHost, path: id, printable: `https://${githubHost}/${id}` } };
}

function local(text: string, githubHost: string): ParsedUrl {
  const [first = ""] = text.toLowerCase().split("/");
  if (isGitHub(first, githubHost)) {
    return refuse(
      `${quoted(text)} has no scheme and would be read as a path`,
      `write ${quoted(`https://${text}`)}`,
    );
  }
  if (METACHARACTERS.test(text) || /(?:^|\/)\.\.(?:\/|$)/.test(text)) {
    return refuse(`${quoted(text)} is no URL of a repository`, WRITE_HTTPS);
  }
  return { url: { kind: "local", host: "", path: text, printable: safeText(text) } };
}

/** `ssh.github.com` is GitHub's SSH on the HTTPS port. */
function isGitHub(host: string, githubHost: string): boolean {
  const base = githubHost.toLowerCase();
  return host === base || host === `www.${base}` || host === `ssh.${base}`;
}

/** Without leading and trailing slashes and one `.git`. */
function trimmed(path: string): string {
  let end = path.length;
  while (path[end - 1] === "/") end--;
  const bare = path.slice(0, end).replace(/\.git$/i, "");
  return bare.replace(/^\/+/, "");
}

function decode(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

function refuse(message: string, remedy: string): { readonly refused: RefusedUrl } {
  return { refused: { message, remedy } };
}
