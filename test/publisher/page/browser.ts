import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { syntheticPackages, writeSyntheticTree } from "../../../demo/synthetic-registry.ts";
import { type PagePackage, pagePackages } from "../../../publisher/page/packages.ts";
import { openTree } from "../../../publisher/tree.ts";

/** Debian's browser, unless CHROMIUM names another. */
export const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
/** A browser that asks nobody for anything but what a test opens. */
export const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
/** Texts whose contrast with what is behind them is below 4.5; for `evaluate`. */
export const WEAK_TEXTS = String.raw`(() => {
  const channels = (colour) => (colour.match(/[\d.]+/g) ?? []).map(Number);
  const luminance = (colour) => {
    const [red, green, blue] = channels(colour).map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const groundOf = (element) => {
    const colour = getComputedStyle(element).backgroundColor;
    return channels(colour)[3] === 0 ? groundOf(element.parentElement) : colour;
  };
  return [...document.body.querySelectorAll("*")].flatMap((element) => {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== "");
    if (!own || element.matches("script, noscript, .hidden, .skip")) return [];
    const [a, b] = [luminance(getComputedStyle(element).color), luminance(groundOf(element))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    return contrast < 4.5 ? [element.className + " " + element.tagName + " " + contrast.toFixed(2)] : [];
  });
})()`;

export const NASTY = `</script><script>window.hacked=1</script><img src=x onerror="window.hacked=1">\u2028`;
/** A package whose every text is markup. */
export const nasty: PagePackage = {
  name: "acme/zz-nasty",
  description: NASTY,
  license: [NASTY],
  abandoned: NASTY,
  install: NASTY,
  requires: [[NASTY, NASTY]],
  reference: NASTY,
  versions: [[NASTY, "2026-01-31"]],
};

const LONG = "x".repeat(150);
/** A package whose every text has no place to break it. */
export const long: PagePackage = {
  name: `acme/${LONG}`,
  description: LONG,
  license: [LONG],
  abandoned: LONG,
  install: LONG,
  requires: [[LONG, LONG]],
  reference: LONG,
  versions: [
    [LONG, "2026-01-31"],
    [LONG, "2026-01-30"],
  ],
};

/** 1,000 packages of 20 versions, as the publisher reads them from a tree. */
export async function thousand(): Promise<PagePackage[]> {
  const root = await mkdtemp(join(tmpdir(), "page-tree-"));
  try {
    await writeSyntheticTree(root, syntheticPackages("acme", 1000, 20));
    return await pagePackages(await openTree(root));
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}
