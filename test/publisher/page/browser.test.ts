import { existsSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { page } from "../../../publisher/page/page.ts";
import { CHROMIUM, FLAGS, long, NASTY, nasty, thousand, WEAK_TEXTS } from "./browser.ts";

const missing = !existsSync(CHROMIUM);
if (missing) console.log(`skipped: no browser at ${CHROMIUM}; apt-get install chromium, or set CHROMIUM`);

let browser: Browser;
let server: Server;
let html = "";
let address = "";
/** Paths that the server was asked for. */
let asked: string[] = [];
let context: BrowserContext | undefined;
/** What the console, and the page's own errors, said. */
let said: string[] = [];
let requests: string[] = [];

async function open(options: BrowserContextOptions = {}, hash = ""): Promise<Page> {
  context = await browser.newContext(options);
  context.setDefaultTimeout(5_000);
  [said, requests, asked] = [[], [], []];
  return visit(await context.newPage(), hash);
}

async function visit(tab: Page, hash = ""): Promise<Page> {
  tab.on("console", (message) => said.push(message.text()));
  tab.on("pageerror", (error) => said.push(error.message));
  tab.on("request", (request) => requests.push(request.url()));
  await tab.goto(`${address}${hash}`);
  return tab;
}

const names = (tab: Page) => tab.locator(".package .name").allTextContents();
/** Name of the package, or id of the element, that has the focus. */
const focused = (tab: Page) =>
  tab.evaluate<string>(
    "document.activeElement.closest('[data-name]')?.dataset.name ?? document.activeElement.id",
  );

describe.skipIf(missing)("the page in a browser", () => {
  beforeAll(async () => {
    const packages = [...(await thousand()), nasty, long];
    html = page({
      title: "Acme packages",
      description: "For all projects",
      settings: {
        owner: "acme",
        registryUrl: "https://acme.github.io/composer",
        hosting: "pages",
        githubHost: "github.com",
      },
      build: "20261101T100000Z-0000000a",
      packages,
    });
    server = createServer((request, response) => {
      asked.push(request.url ?? "");
      response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(html);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  }, 60_000);
  afterEach(async () => {
    await context?.close();
    // Whatever a test did, the page asked for nothing but itself, and nothing went wrong in it.
    expect({ said, asked: [...new Set(asked)] }).toEqual({ said: [], asked: ["/"] });
    expect(requests.filter((url) => !url.startsWith("data:") && !url.startsWith(address))).toEqual([]);
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  it("is small and ready within a second with 1,000 packages of 20 versions", async () => {
    expect(Buffer.byteLength(html)).toBeLessThan(1_500_000);
    const times: number[] = [];
    for (let round = 0; round < 3; round++) {
      const tab = await open();
      times.push(await tab.evaluate<number>("performance.getEntriesByName('ready')[0].startTime"));
      if (round < 2) await context?.close();
    }
    const best = Math.min(...times);
    console.log(`page: ${Buffer.byteLength(html)} bytes, interactive after ${Math.round(best)} ms`);
    expect(best).toBeLessThan(1000);
  });

  it("draws what is seen, and the rest as people come to it", async () => {
    const tab = await open();
    expect(await tab.locator(".package").count()).toBeLessThan(200);
    await tab.evaluate("scrollTo(0, document.body.scrollHeight)");
    await expect.poll(() => tab.locator(".package").count()).toBeGreaterThan(100);
  });

  it("finds packages as one types, by all words in name and description, names first", async () => {
    const tab = await open();
    await tab.locator("#search").pressSequentially("bookkeeping shop");
    const found = await names(tab);
    expect(found.length).toBeGreaterThan(3);
    expect(found.every((name) => /shop-ledger/.test(name))).toBe(true);
    expect(await tab.locator("#count").textContent()).toBe(`${found.length} of 1,002 packages`);
    await tab.fill("#search", "MONEY");
    expect((await names(tab))[0]).toBe("acme/money");
    expect(await tab.locator("mark").first().textContent()).toBe("money");
    await tab.fill("#search", "no such thing");
    expect(await tab.locator("#packages").textContent()).toMatch(/No package has these words/);
  });

  it("answers a key within a frame or two", async () => {
    const tab = await open();
    const milliseconds = await tab.evaluate<number>(`(() => {
      const input = document.querySelector("#search");
      const start = performance.now();
      for (const text of ["s", "sh", "sho", "shop", ""]) {
        input.value = text;
        input.dispatchEvent(new Event("input"));
      }
      return (performance.now() - start) / 5;
    })()`);
    console.log(`page: one key of a search takes ${milliseconds.toFixed(1)} ms`);
    expect(milliseconds).toBeLessThan(100);
  });

  it("shows a package with its install command, license, requirements, commit and other versions", async () => {
    const tab = await open();
    await tab.fill("#search", "acme/http-client");
    await tab.locator(".package > summary").first().click();
    const text = await tab.locator(".package .body").first().innerText();
    expect(text).toContain("composer require acme/http-client");
    expect(text).toMatch(/License\s+proprietary/);
    expect(text).toMatch(/php\s+\^8\.2/);
    expect(text).toMatch(/Commit\s+[0-9a-f]{40}/);
    expect(text).toMatch(/19 more versions\s+2\.6\.2\s+2026-05-03/);
    expect(new URL(tab.url()).hash).toBe("#acme/http-client");
    await tab.locator(".requires a").click();
    expect(await focused(tab)).toBe("acme/feature-flags");
  });

  it("opens the package that the address names, however far down it is", async () => {
    const tab = await open({}, "#acme/symfony-storage-9");
    expect(await focused(tab)).toBe("acme/symfony-storage-9");
    await expect.poll(() => tab.locator(".package[open] .body").isVisible()).toBe(true);
  });

  it("is used with the keyboard alone", async () => {
    const tab = await open();
    await tab.keyboard.press("Tab");
    expect(await tab.evaluate("document.activeElement.textContent")).toBe("Skip to search");
    await tab.keyboard.press("/");
    expect(await focused(tab)).toBe("search");
    await tab.keyboard.type("calendar");
    await tab.keyboard.press("ArrowDown");
    const [first, second] = await names(tab);
    expect(await focused(tab)).toBe(first);
    await tab.keyboard.press("ArrowDown");
    expect(await focused(tab)).toBe(second);
    await tab.keyboard.press("Enter");
    await expect.poll(() => tab.locator(".package[open]").getAttribute("data-name")).toBe(second);
    await tab.keyboard.press("ArrowUp");
    await tab.keyboard.press("ArrowUp");
    expect(await focused(tab)).toBe("search");
    await tab.keyboard.press("Escape");
    expect(await tab.inputValue("#search")).toBe("");
    await tab.keyboard.type("a/b");
    expect(await tab.inputValue("#search")).toBe("a/b");
  });

  it("has a visible ring around what has the focus", async () => {
    const tab = await open();
    await tab.keyboard.press("/");
    await tab.keyboard.press("ArrowDown");
    const style = await tab.evaluate("getComputedStyle(document.activeElement).outline");
    expect(style).toMatch(/solid 2px/);
  });

  it("follows the system's colours until people choose, and keeps their choice", async () => {
    const tab = await open({ colorScheme: "dark" });
    const ground = () => tab.evaluate("getComputedStyle(document.body).backgroundColor");
    expect(await ground()).toBe("rgb(19, 20, 23)");
    await tab.emulateMedia({ colorScheme: "light" });
    expect(await ground()).toBe("rgb(251, 251, 250)");
    await tab.getByRole("button", { name: "Switch to dark colours" }).click();
    expect(await ground()).toBe("rgb(19, 20, 23)");
    await tab.reload();
    expect(await ground()).toBe("rgb(19, 20, 23)");
    await tab.getByRole("button", { name: "Switch to light colours" }).click();
    await tab.emulateMedia({ colorScheme: "dark" });
    await tab.reload();
    expect(await ground()).toBe("rgb(251, 251, 250)");
  });

  it.each(["light", "dark"] as const)("has text of a contrast of at least 4.5 in %s", async (colorScheme) => {
    const tab = await open({ colorScheme });
    await tab.fill("#search", "legacy-http");
    await tab.keyboard.press("Enter");
    expect(await tab.locator(".gone").count()).toBeGreaterThan(0);
    expect(await tab.evaluate(WEAK_TEXTS)).toEqual([]);
  });

  it("fits a phone without scrolling sideways, with buttons large enough for a finger", async () => {
    const tab = await open(
      { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true },
      `#${long.name}`,
    );
    expect(await tab.evaluate("document.documentElement.scrollWidth")).toBe(360);
    await tab.locator("#search").fill("money");
    await tab.locator(".package > summary").first().tap();
    await tab.locator(".package .copy").first().waitFor();
    expect(await tab.evaluate("document.documentElement.scrollWidth")).toBe(360);
    for (const button of await tab.getByRole("button").all())
      expect((await button.boundingBox())?.height).toBeGreaterThanOrEqual(44);
  });

  it("copies a command, and says so", async () => {
    const tab = await open({ permissions: ["clipboard-read", "clipboard-write"] });
    await tab.locator(".setup .copy").first().click();
    await expect.poll(() => tab.locator("#said").textContent()).toBe("Copied");
    expect(await tab.evaluate("navigator.clipboard.readText()")).toBe(
      "composer config repositories.acme composer https://acme.github.io/composer",
    );
  });

  it("has landmarks, one heading for the page and a name for everything that is used", async () => {
    const tab = await open();
    const roles = ["banner", "main", "search", "contentinfo"] as const;
    for (const role of roles) expect(await tab.getByRole(role).count(), role).toBe(1);
    expect(await tab.getByRole("heading", { level: 1 }).count()).toBe(1);
    const search = tab.getByRole("searchbox", { name: "Search packages by name or description" });
    expect(await search.count()).toBe(1);
    const unnamed = await tab.evaluate(`[...document.querySelectorAll("button, summary, a")].filter(
      (one) => (one.getAttribute("aria-label") ?? one.textContent).trim() === "").length`);
    expect(unnamed).toBe(0);
  });

  it("moves nothing for people who asked for less motion", async () => {
    const tab = await open({ reducedMotion: "reduce" });
    const durations = await tab.evaluate<string[]>(
      `[...document.querySelectorAll("*")].map((one) => getComputedStyle(one).transitionDuration)`,
    );
    expect([...new Set(durations)]).toEqual(["0s"]);
  });

  it("shows markup of a package as text and runs nothing of it", async () => {
    const tab = await open({}, "#acme/zz-nasty");
    await tab.locator(".package[open] .body").waitFor();
    expect(await tab.locator(".package[open] .text").textContent()).toBe(NASTY);
    expect(await tab.evaluate("'hacked' in window")).toBe(false);
    expect(await tab.locator("img").count()).toBe(0);
  });

  it("lets nothing that got in ask for anything: the policy refuses", async () => {
    const tab = await open();
    const answered: string[] = [];
    tab.on("response", (response) => answered.push(response.url()));
    const refused = await tab.evaluate(`(async () => {
      const blocked = [];
      addEventListener("securitypolicyviolation", (event) => blocked.push(event.effectiveDirective));
      await fetch("https://example.org/").catch(() => {});
      new Image().src = "https://example.org/x.png";
      try {
        document.body.innerHTML = "<b>x</b>";
      } catch {}
      await new Promise((resolve) => setTimeout(resolve, 200));
      return blocked.sort();
    })()`);
    expect(refused).toEqual(["connect-src", "img-src", "require-trusted-types-for"]);
    expect(answered).toEqual([]);
    [said, requests] = [[], []];
  });
});
