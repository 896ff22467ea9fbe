import { createHash } from "node:crypto";
import { authCommand } from "../../fleet/consumer-snippet.ts";
import { safeText } from "../../fleet/findings.ts";
import type { RegistrySettings } from "../../fleet/registry-settings.ts";
import { escapeHtml, scriptJson, shellWord } from "./escape.ts";
import type { PagePackage } from "./packages.ts";
import { SCRIPT, THEME_SCRIPT } from "./script.ts";
import { STYLE } from "./style.ts";

/** Where the page stands in the tree, beside packages.json. */
export const INDEX_FILE = "index.html";

/** What the page is made from. */
export interface PageInput {
  /** satis.json's `name`. */
  readonly title: string;
  /** satis.json's `description`. */
  readonly description?: string | undefined;
  readonly settings: Pick<RegistrySettings, "owner" | "registryUrl" | "hosting" | "githubHost">;
  /** Id of the build, which tells when it was made. */
  readonly build: string;
  /** From {@link ./packages.ts | pagePackages}. */
  readonly packages: readonly PagePackage[];
}

/**
 * The site's page: one HTML file with its data, script and style in it, the same for the same input.
 *
 * It asks no server for anything, and its Content-Security-Policy lets it ask none: a text of a package that became markup could still
 * neither run nor send. Texts of packages stand in it as JSON only, which the script puts into text nodes.
 */
export function page(input: PageInput): string {
  const { packages } = input;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy()}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${printed(input.title)}</title>
<link rel="icon" href="${ICON}">
<style>${STYLE}</style>
<script>${THEME_SCRIPT}</script>
</head>
<body>
<a class="skip" href="#search">Skip to search</a>
${header(input)}
<main>
${setup(input)}
<search class="find">
<label class="hidden" for="search">Search packages by name or description</label>
<input id="search" type="search" placeholder="Search packages" autocomplete="off" autocapitalize="none" spellcheck="false" aria-controls="packages" aria-keyshortcuts="/">
<kbd aria-hidden="true">/</kbd>
</search>
<section aria-labelledby="packages-title">
<div class="bar"><h2 id="packages-title">Packages</h2><p id="count" role="status">${countText(packages.length, "package")}</p></div>
<div id="packages"></div>
<div id="more"></div>
${withoutScript(packages)}
</section>
</main>
<footer>
<p class="keys">Keys: <kbd>/</kbd> searches, <kbd>↑</kbd> <kbd>↓</kbd> move, <kbd>Enter</kbd> opens, <kbd>Esc</kbd> clears.</p>
<p>${built(input.build)}</p>
</footer>
<p id="said" class="hidden" role="status"></p>
<script type="application/json" id="data">${scriptJson(packages)}</script>
<script>${SCRIPT}</script>
</body>
</html>
`;
}

/** A box, so that browsers do not ask the server for a picture. */
const ICON = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path fill="#3867c8" d="M8 1 2 4v8l6 3 6-3V4z"/><path fill="none" stroke="#fff" d="m2.5 4.4L8 7l5.5-2.6M8 7v7.5"/></svg>',
)}`;

function policy(): string {
  const hash = (text: string) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
  return [
    "default-src 'none'",
    `script-src ${hash(THEME_SCRIPT)} ${hash(SCRIPT)}`,
    `style-src ${hash(STYLE)}`,
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");
}

function header({ title, description, packages }: PageInput): string {
  const versions = packages.reduce((sum, one) => sum + one.versions.length, 0);
  const about =
    description === undefined || description === "" ? "" : `<p class="about">${printed(description)}</p>`;
  return `<header>
<div>
<p class="kind">Composer registry</p>
<h1>${printed(title)}</h1>
${about}
<p class="facts">${countText(packages.length, "package")}, ${countText(versions, "version")}</p>
</div>
<button id="theme" type="button" hidden></button>
</header>`;
}

function setup(input: PageInput): string {
  const { registryUrl, githubHost } = input.settings;
  return `<section class="setup" aria-labelledby="setup-title">
<h2 id="setup-title">Use this registry</h2>
<p>In a project, once:</p>
${command(configCommand(input.settings))}
<details class="token">
<summary>Packages from private repositories need a token</summary>
<p>On each machine, once, with a token that may read the packages’ repositories in <code>COMPOSER_TOKEN</code>:</p>
${command(authCommand(githubHost))}
</details>
<p class="address">Registry: <code>${escapeHtml(registryUrl)}</code></p>
</section>`;
}

function command(text: string): string {
  return `<div class="command"><pre tabindex="0"><code>${escapeHtml(text)}</code></pre><button type="button" class="copy" hidden>Copy</button></div>`;
}

/** The line that adds the registry to a project's composer.json. */
export function configCommand({
  owner,
  registryUrl,
  hosting,
}: Pick<RegistrySettings, "owner" | "registryUrl" | "hosting">): string {
  const key = `repositories.${owner.toLowerCase()}`;
  if (hosting === "pages") return `composer config ${key} composer ${shellWord(registryUrl)}`;
  // Composer sets no Accept header, and the contents API would answer with base64 inside JSON.
  const options = { http: { header: ["Accept: application/vnd.github.raw"] } };
  return `composer config ${key} ${shellWord(JSON.stringify({ type: "composer", url: registryUrl, options }))}`;
}

/** Names and newest versions for browsers that run no script. */
function withoutScript(packages: readonly PagePackage[]): string {
  if (packages.length === 0) return "<noscript><p>No packages yet.</p></noscript>";
  const items = packages.map(
    ({ name, versions }) => `<li>${printed(name)} ${printed(versions[0]?.[0] ?? "")}</li>`,
  );
  return `<noscript><ul>${items.join("")}</ul></noscript>`;
}

function built(build: string): string {
  const [, date = "", month, day, hour, minute] = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})/.exec(build) ?? [];
  const when = date === "" ? "" : ` on ${date}-${month}-${day} at ${hour}:${minute} UTC`;
  return `Built${when} by satis-fleet. Metadata for Composer: <code>packages.json</code>.`;
}

function countText(count: number, noun: string): string {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}

function printed(text: string): string {
  return escapeHtml(safeText(text.replace(/\s+/g, " ").trim()));
}
