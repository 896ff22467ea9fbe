import { ELEMENTS, ROWS } from "./script-view.ts";

/**
 * The page's scripts, as text: JavaScript with JSDoc types, which a test has checked against the browser's types.
 *
 * A string survives the bundling of the publisher into one file and runs as well from its source. Everything that packages say becomes
 * text nodes; markup is never made of text.
 */

/** In the head, so that the page is not drawn in the other colours first. */
export const THEME_SCRIPT = `
try {
  const theme = localStorage.getItem("satis-fleet-theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // No storage: the page follows the system.
}
`;

const TYPES = `
/**
 * @typedef {object} Package
 * @property {string} name
 * @property {string} description
 * @property {string[]} license
 * @property {string} [abandoned]
 * @property {string} install
 * @property {[string, string][]} requires
 * @property {string} reference
 * @property {[string, string][]} versions
 */
`;

const SEARCH = String.raw`
/** @param {string} text */
function words(text) {
  return text.toLowerCase().split(/\s+/).filter((word) => word !== "");
}

/** Every word must be in name or description; names that begin with the first one come first, then names that have all.
 * @param {string[]} wanted */
function matching(wanted) {
  const [first] = wanted;
  if (first === undefined) return packages.map((_, index) => index);
  /** @type {[number, number][]} */
  const found = [];
  texts.forEach(({ name, all }, index) => {
    if (!wanted.every((word) => all.includes(word))) return;
    const begins = name.startsWith(first) || name.includes("/" + first);
    found.push([begins ? 0 : wanted.every((word) => name.includes(word)) ? 1 : 2, index]);
  });
  return found.sort((a, b) => a[0] - b[0] || a[1] - b[1]).map(([, index]) => index);
}

/** The text with the words that were searched for marked.
 * @param {string} text */
function marked(text) {
  const lower = text.toLowerCase();
  // Lower case may be longer than what it came from; then nothing is marked.
  if (wanted.length === 0 || lower.length !== text.length) return [text];
  /** @type {(Node | string)[]} */
  const parts = [];
  let done = 0;
  while (done < text.length) {
    let [from, to] = [text.length, text.length];
    for (const word of wanted) {
      const start = lower.indexOf(word, done);
      if (start >= 0 && (start < from || (start === from && start + word.length > to))) [from, to] = [start, start + word.length];
    }
    if (from > done) parts.push(text.slice(done, from));
    if (to > from) parts.push(make("mark", "", text.slice(from, to)));
    done = to;
  }
  return parts;
}
`;

const LIST = `
/** Shows what matches, as far as it is seen. */
function search() {
  wanted = words(input.value);
  matches = matching(wanted);
  shown = 0;
  list.replaceChildren();
  showMore(FIRST);
  const total = packages.length.toLocaleString("en") + (packages.length === 1 ? " package" : " packages");
  count.textContent = wanted.length === 0 ? total : matches.length.toLocaleString("en") + " of " + total;
  if (matches.length === 0) {
    const none = packages.length === 0 ? "No packages yet." : "No package has these words in its name or description.";
    list.append(make("p", "none", none));
  }
}

/** @param {number} number */
function showMore(number) {
  const next = matches.slice(shown, shown + number);
  list.append(...next.flatMap((index) => packages[index] ?? []).map(row));
  shown += next.length;
}

/** Rows of the list that stand for packages, as far as they are made. */
function summaries() {
  return /** @type {NodeListOf<HTMLElement>} */ (list.querySelectorAll(".package > summary"));
}

/** Opens the package that the address names. */
function openNamed() {
  const index = places.get(location.hash.slice(1).toLowerCase());
  if (index === undefined) return;
  if (!matches.includes(index)) {
    input.value = "";
    search();
  }
  const place = matches.indexOf(index);
  if (place >= shown) showMore(place + 1 - shown);
  const summary = summaries()[place];
  if (summary?.parentElement instanceof HTMLDetailsElement) summary.parentElement.open = true;
  summary?.scrollIntoView();
  summary?.focus();
}
`;

const KEYS = `
/** @param {number} place */
function focusRow(place) {
  if (place >= shown) showMore(FIRST);
  if (place < 0) input.focus();
  else summaries()[place]?.focus();
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const { key, target } = event;
  const inInput = target === input;
  if (key === "/" && !inInput) {
    input.focus();
    input.select();
  } else if (key === "Escape" && (inInput || input.value !== "")) {
    input.value = "";
    search();
    input.focus();
  } else if ((key === "ArrowDown" || key === "Enter") && inInput) {
    const first = summaries()[0];
    first?.focus();
    if (key === "Enter") first?.click();
  } else if ((key === "ArrowDown" || key === "ArrowUp") && target instanceof HTMLElement && target.matches(".package > summary")) {
    focusRow([...summaries()].indexOf(target) + (key === "ArrowDown" ? 1 : -1));
  } else return;
  event.preventDefault();
}

function isDark() {
  const { theme } = document.documentElement.dataset;
  return theme === undefined ? system.matches : theme === "dark";
}

function nameTheme() {
  theme.textContent = isDark() ? "Light" : "Dark";
  theme.setAttribute("aria-label", isDark() ? "Switch to light colours" : "Switch to dark colours");
}

function switchTheme() {
  const next = isDark() ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  try {
    localStorage.setItem("satis-fleet-theme", next);
  } catch {
    // No storage: the choice lasts as long as the page.
  }
  nameTheme();
}
`;

const START = `
const FIRST = 60;
const list = at("packages");
const count = at("count");
const said = at("said");
const theme = at("theme");
const input = /** @type {HTMLInputElement} */ (at("search"));
const system = matchMedia("(prefers-color-scheme: dark)");
/** @type {Package[]} */
const packages = JSON.parse(at("data").textContent ?? "[]");
const places = new Map(packages.map(({ name }, index) => [name.toLowerCase(), index]));
const texts = packages.map(({ name, description }) => ({
  name: name.toLowerCase(),
  all: (name + " " + description).toLowerCase(),
}));
/** @type {string[]} */
let wanted = [];
/** @type {number[]} */
let matches = [];
let shown = 0;

search();
nameTheme();
for (const button of document.querySelectorAll("button")) button.hidden = false;
input.addEventListener("input", search);
theme.addEventListener("click", switchTheme);
system.addEventListener("change", nameTheme);
document.addEventListener("keydown", onKey);
document.addEventListener("click", ({ target }) => {
  if (target instanceof HTMLElement && target.matches(".copy") && target.parentElement) copyFrom(target.parentElement);
});
const watcher = new IntersectionObserver((seen) => {
  if (shown === matches.length || !seen.some((one) => one.isIntersecting)) return;
  showMore(FIRST);
  // It tells of changes only: asked anew, it tells whether the end is still in sight.
  watcher.unobserve(at("more"));
  watcher.observe(at("more"));
}, { rootMargin: "800px" });
watcher.observe(at("more"));
addEventListener("hashchange", openNamed);
openNamed();
performance.mark("ready");
`;

/** At the end of the body. */
export const SCRIPT = `"use strict";
(() => {${[TYPES, ELEMENTS, ROWS, SEARCH, LIST, KEYS, START].join("")}})();
`;
