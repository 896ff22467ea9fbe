// Draws the site's page, light and dark side by side, from a synthetic registry:  node docs/page-picture.ts [FILE]
import { fileURLToPath } from "node:url";
import { chromium, type Page } from "playwright-core";
import { syntheticPackages } from "../demo/synthetic-registry.ts";
import { pagePackage } from "../publisher/page/packages.ts";
import { page } from "../publisher/page/page.ts";

const FILE = process.argv[2] ?? fileURLToPath(new URL("page.png", import.meta.url));
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const [WIDTH, HEIGHT] = [720, 960];

const packages = [...syntheticPackages("acme", 84, 20)].flatMap(
  ([name, versions]) => pagePackage(name, versions) ?? [],
);
const html = page({
  title: "Acme packages",
  description: "PHP packages of the Acme shop, for all its projects",
  settings: {
    owner: "acme",
    registryUrl: "https://acme.github.io/composer",
    hosting: "pages",
    githubHost: "github.com",
  },
  build: "20261101T100000Z-0000000a",
  packages: packages.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
});

const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
try {
  const shots: Buffer[] = [];
  for (const colorScheme of ["light", "dark"] as const) {
    const context = await browser.newContext({ colorScheme, viewport: { width: WIDTH, height: HEIGHT } });
    const tab = await context.newPage();
    await tab.setContent(html);
    if (colorScheme === "dark") await searchAndOpen(tab);
    shots.push(await tab.screenshot());
    await context.close();
  }
  const tab = await browser.newPage({ viewport: { width: 2 * WIDTH, height: HEIGHT } });
  const images = shots.map((shot) => `<img src="data:image/png;base64,${shot.toString("base64")}">`);
  await tab.setContent(`<style>body{margin:0;display:flex}</style>${images.join("")}`);
  await tab.screenshot({ path: FILE });
} finally {
  await browser.close();
}

async function searchAndOpen(tab: Page): Promise<void> {
  await tab.fill("#search", "http");
  await tab.keyboard.press("Enter");
}
