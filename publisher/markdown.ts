import { safeText } from "../fleet/findings.ts";

/** Separates characters that would otherwise join to a link, a mention or a reference; people do not see it. */
const BREAK = "\u200b";
/** Everything that Markdown, GitHub's tables, mathematics or HTML give a meaning to. */
const MARKUP = /[\\`*_[\]<>&|~$!#@]/g;

/**
 * Untrusted text as plain words, anywhere in a line of Markdown: a paragraph, a list item, a cell of a table.
 *
 * One line, without credentials. No markup, HTML, link, mention (`@x` notifies people), reference (`#1`, `GH-1` leave a trace in
 * other issues) or end of a table's cell comes of it. Characters become entities, since those never form structure; what GitHub
 * looks for after rendering is broken by an invisible character.
 */
export function text(untrusted: string, limit = Number.POSITIVE_INFINITY): string {
  const line = cut(safeText(untrusted).trim(), limit);
  return line
    .replace(/[@#](?=\S)/g, `$&${BREAK}`)
    .replace(/\bGH(?=-\d)/gi, `$&${BREAK}`)
    .replace(/:(?=\/\/)/g, `:${BREAK}`)
    .replace(/\bwww(?=\.)/gi, `$&${BREAK}`)
    .replace(/\b(mailto|xmpp)(?=:)/gi, `$1${BREAK}`)
    .replace(MARKUP, entity)
    .replace(/^[-+=.)\d\s]/, entity);
}

/**
 * Untrusted text as code, for names, versions and commits: copied as it is, and nothing in it has a meaning.
 *
 * What cannot stand in a code span of a table's cell becomes {@link text}.
 */
export function code(untrusted: string, limit = Number.POSITIVE_INFINITY): string {
  const line = cut(safeText(untrusted).trim(), limit);
  return line === "" || /[`|]/.test(line) ? text(line) : `\`${line}\``;
}

/** A link to a path on GitHub; both texts are encoded, and `path` cannot leave its host. */
export function link(label: string, origin: string, path: readonly string[]): string {
  return `[${text(label)}](${origin}/${path.map(escapedSegment).join("/")})`;
}

function escapedSegment(segment: string): string {
  return encodeURIComponent(segment).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** A table with a head; its cells are Markdown already. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [row(head), row(head.map(() => "---")), ...rows.map(row)].join("\n");
}

/** A block of code whose text may hold anything, fences included. */
export function block(language: string, content: string): string {
  const longest = Math.max(2, ...[...content.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}\n${content.trimEnd()}\n${fence}`;
}

function cut(line: string, limit: number): string {
  if (line.length <= limit) return line;
  return `${[...line.slice(0, limit)].slice(0, -1).join("")}…`;
}

function entity(character: string): string {
  return `&#${character.codePointAt(0)};`;
}
