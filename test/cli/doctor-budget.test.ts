import { describe, expect, test } from "vitest";
import { checkLimit, spendingOf } from "../../cli/doctor/budget.ts";
import type { Answer } from "../../cli/doctor/probe.ts";
import { HOUR, paceOf } from "../../cli/up/estimate.ts";
import type { Step } from "../../cli/up/steps.ts";

const FILE = "github:index/repositoryFile:RepositoryFile";
const SECRET = "github:index/actionsSecret:ActionsSecret";
const NOTIFIER = "urn:pulumi:dev::satis-fleet::satisfleet:index:Fleet$satisfleet:index:PackageNotifier";
const PUBLIC = paceOf(1000);

/** A new workflow file in each of so many packages: six calls, one of them a commit. */
const files = (count: number): Step[] =>
  Array.from({ length: count }, (_, index) => ({
    urn: `${NOTIFIER}$${FILE}::acme/p${index}-workflow`,
    op: "create",
    type: FILE,
  }));

/** The state of so many packages: three calls of a refresh each. */
const packages = (count: number) =>
  Array.from({ length: count }, (_, index) => [
    { urn: `${NOTIFIER}$${FILE}::acme/old${index}-workflow`, type: FILE },
    { urn: `${NOTIFIER}$${SECRET}::acme/old${index}-token`, type: SECRET },
    { urn: `${NOTIFIER}::acme/old${index}`, type: "satisfleet:index:PackageNotifier" },
  ]).flat();

const account = (left: number, limit = 5000): Answer => ({
  status: 200,
  body: {},
  headers: new Headers({
    "x-ratelimit-limit": String(limit),
    "x-ratelimit-remaining": String(left),
    "x-ratelimit-reset": "1800000000",
  }),
});

describe("what an update takes", () => {
  test("holds the refresh before it, in calls, in time and in the first hour", () => {
    const bare = spendingOf(files(10), [], PUBLIC);
    const refreshed = spendingOf(files(10), packages(1000), PUBLIC);
    expect(bare).toMatchObject({ calls: 60, writes: 10, batches: 1, firstHour: 60 });
    expect(refreshed).toMatchObject({ calls: 3060, writes: 10, batches: 1, firstHour: 3060 });
    // 3,000 calls of a quarter of a second, sixteen side by side.
    expect(refreshed.seconds - bare.seconds).toBe(47);
  });

  test("puts the refresh into the first hour of several batches, whole", () => {
    const bare = spendingOf(files(800), [], PUBLIC);
    const refreshed = spendingOf(files(800), packages(1000), PUBLIC);
    expect(bare.batches).toBeGreaterThan(1);
    expect(refreshed.batches).toBeGreaterThan(1);
    expect(refreshed.calls).toBe(3000 + bare.calls);
    expect(bare.firstHour).toBe(500 * 6);
    expect(refreshed.firstHour).toBeGreaterThan(3000);
    expect(refreshed.firstHour).toBeLessThanOrEqual(5000);
    expect(refreshed.seconds).toBeGreaterThan(HOUR + 47);
  });

  test("is all of one hour on a server that counts none", () => {
    const { calls, firstHour } = spendingOf(files(800), packages(1000), paceOf(1));
    expect(firstHour).toBe(calls);
  });

  test("is the refresh alone where nothing changes", () => {
    expect(spendingOf([], packages(100), PUBLIC)).toEqual({
      calls: 300,
      writes: 0,
      seconds: 5,
      batches: 1,
      firstHour: 300,
    });
  });
});

describe("the rate limit", () => {
  test("is enough where the first hour fits into what is left", () => {
    expect(checkLimit({ firstHour: 4500 }, account(4500)).state).toBe("ok");
  });

  test("is not where the refresh leaves too little of it for the first batch", () => {
    const spending = spendingOf(files(800), packages(1000), PUBLIC);
    // Without the refresh 3,000 calls would do.
    expect(checkLimit(spending, account(3500))).toMatchObject({
      state: "wrong",
      message: expect.stringMatching(
        new RegExp(`^3500 of 5000 calls are left until .*, and about ${spending.firstHour} are needed$`),
      ),
      remedy: "fleet up after 2027-01-15T08:00:00.000Z",
    });
  });

  test("is told where no hour has enough: then an update waits, and it is no use to start it later", () => {
    const { state, message } = checkLimit(spendingOf([], packages(5000), PUBLIC), account(4990));
    expect(state).toBe("note");
    expect(message).toContain("about 15000 are needed, more than an hour has: fleet up waits");
  });

  test("is nobody's business where GitHub tells none", () => {
    const silent = { status: 200, body: {}, headers: new Headers() };
    expect(checkLimit({ firstHour: 10 ** 6 }, silent).state).toBe("note");
  });
});
