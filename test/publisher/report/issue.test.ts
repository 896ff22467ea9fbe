import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connectGitHub } from "../../../publisher/github.ts";
import { ISSUE_TITLE, issueText, runUrl, syncIssue, type Trouble } from "../../../publisher/report/issue.ts";
import { type EmulatedGitHub, startGitHub } from "../../../sandbox/github/index.ts";

let github: EmulatedGitHub;
beforeEach(async () => {
  github = await startGitHub({ repositories: [{ name: "composer" }] });
});
afterEach(() => github.close());

const RUN = "https://github.com/acme/composer/actions/runs/7";
const FINE: Trouble = { held: {}, faults: [] };
const HELD: Trouble = {
  held: {
    "acme/a": { reason: "no version", remedy: "tag one", since: "2026-10-31T00:00:00Z", published: true },
  },
  faults: [],
};
const FAILED: Trouble = {
  held: {},
  faults: [{ by: "budget", message: "too many held", remedy: "look at them" }],
};

const api = () => connectGitHub(`${github.url}api/v3`, "token");
const sync = (trouble: Trouble) =>
  syncIssue({
    ...{ github: api(), settings: { owner: "acme", repository: "composer" }, trouble, runUrl: RUN },
    now: new Date("2026-11-01T10:00:00Z"),
  });
const issues = () =>
  github.repository("composer").issues as { number: number; state: string; title: string; body: string }[];
const open = () => issues().filter(({ state }) => state === "open");
const write = (method: string, path: string, body: unknown) =>
  fetch(`${github.url}repos/acme/composer/${path}`, {
    method,
    headers: { authorization: "Bearer somebody" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });

describe("the issue of the registry", () => {
  it("is not opened while all is well", async () => {
    expect(await sync(FINE)).toEqual({ action: "none" });
    expect(issues()).toEqual([]);
  });

  it("is opened on a hold, with what, why, since when, remedy and the run", async () => {
    expect(await sync(HELD)).toEqual({ action: "opened", number: 1 });
    expect(open()).toMatchObject([{ title: ISSUE_TITLE, labels: [{ name: "satis-fleet" }] }]);
    expect(open()[0]?.body).toContain(
      "| `acme/a` | as before | no version | tag one | 2026-10-31T00:00:00Z |",
    );
    expect(open()[0]?.body).toContain(`[Run](${RUN})`);
  });

  it("is rewritten while trouble lasts, and left alone while nothing changes", async () => {
    await sync(HELD);
    expect(await sync(HELD)).toEqual({ action: "none", number: 1 });
    expect(await sync(FAILED)).toEqual({ action: "updated", number: 1 });
    expect(open()).toHaveLength(1);
    expect(open()[0]?.body).toContain("| all | too many held | look at them |");
    expect(open()[0]?.body).not.toContain("acme/a");
  });

  it("is closed with a comment on recovery, and a later trouble opens a new one", async () => {
    await sync(FAILED);
    expect(await sync(FINE)).toEqual({ action: "closed", number: 1 });
    expect(open()).toEqual([]);
    const comments = await (await write("GET", "issues/1/comments", undefined)).json();
    expect(comments).toMatchObject([{ body: `The registry is well again. [Run](${RUN}).` }]);
    expect(await sync(FINE)).toEqual({ action: "none" });
    expect(await sync(HELD)).toEqual({ action: "opened", number: 2 });
  });

  it("is found again whatever its title has become, behind a hundred others", async () => {
    await sync(HELD);
    await write("PATCH", "issues/1", { title: "renamed" });
    // The emulated GitHub lists the newest first, whatever it is asked for.
    for (let at = 0; at < 110; at++) await write("POST", "issues", { title: `other ${at}`, body: "x" });
    expect(await sync(FAILED)).toEqual({ action: "updated", number: 1 });
  });

  it("is not found in what a stranger wrote", async () => {
    await write("POST", "issues", { title: ISSUE_TITLE, body: "<!-- satis-fleet: registry -->" });
    expect(await sync(HELD)).toEqual({ action: "opened", number: 2 });
    expect(issues()[0]?.body).toBe("<!-- satis-fleet: registry -->");
  });

  it("is not what a person labelled so for themselves", async () => {
    await write("POST", "issues", { title: "our plans", body: "mine", labels: ["satis-fleet"] });
    expect(await sync(FINE)).toEqual({ action: "none" });
    expect(await sync(HELD)).toEqual({ action: "opened", number: 2 });
    expect(issues()[0]?.body).toBe("mine");
  });

  it("stays one where there are two already: the older is kept true, the other is closed and points to it", async () => {
    await sync(HELD);
    const [{ body } = { body: "" }] = open();
    await write("POST", "issues", { title: ISSUE_TITLE, body, labels: ["satis-fleet"] });
    expect(await sync(FAILED)).toEqual({ action: "updated", number: 1 });
    expect(open().map(({ number }) => number)).toEqual([1]);
    const comments = await (await write("GET", "issues/2/comments", undefined)).json();
    expect(comments).toMatchObject([{ body: "Continued in #1." }]);
  });

  it("stays one when two runs open it at the same moment", async () => {
    await Promise.all([sync(HELD), sync(HELD)]);
    await sync(HELD);
    expect(open().map(({ number }) => number)).toEqual([1]);
  });

  it("is done without where issues are switched off or the token may not write them", async () => {
    github.inject({
      method: "POST",
      status: 410,
      body: { message: "Issues has been disabled in this repository." },
    });
    expect(await sync(HELD)).toEqual({ action: "unavailable" });
    github.setToken("token", { permissions: { metadata: "read" } });
    expect(await sync(HELD)).toEqual({ action: "unavailable" });
  });

  it("notifies nobody and links nowhere by a package's words, and fits into what GitHub takes", () => {
    const nasty = "@acme/team <b> [x](https://evil.example) #1 | \n# head ".repeat(20);
    const many = Object.fromEntries(
      Array.from({ length: 500 }, (_, at) => [
        `acme/${nasty}${at}`,
        { reason: nasty, remedy: nasty, since: "2026-10-31T00:00:00Z", published: false },
      ]),
    );
    const body = issueText({ trouble: { held: many, faults: [] }, runUrl: "javascript:alert(1)" }, "now");
    expect(body.length).toBeLessThan(65_536);
    const [name, one] = Object.entries(many)[0] ?? [];
    const short = issueText(
      { trouble: { held: { [String(name)]: one as never }, faults: [] }, runUrl: "javascript:alert(1)" },
      "now",
    );
    expect(short).not.toMatch(/@acme|<b>|\]\(|#1\b|javascript/);
  });

  it("takes the run's address from the runner", () => {
    const variables = {
      GITHUB_SERVER_URL: "https://github.com",
      GITHUB_REPOSITORY: "acme/composer",
      GITHUB_RUN_ID: "7",
    };
    expect(runUrl(variables)).toBe(RUN);
    expect(runUrl({})).toBeUndefined();
  });
});
