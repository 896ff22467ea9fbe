import { describe, expect, it } from "vitest";
import { announcementSchema, MAX_ANNOUNCEMENT_BYTES } from "../../../fleet/announcement.ts";
import { messagesOf } from "../../../publisher/announce/announcements.ts";
import {
  addPending,
  KEPT_VERSIONS,
  newVersions,
  seenOf,
  versionsOf,
  withoutTold,
} from "../../../publisher/announce/changes.ts";
import { GAP_MS, pacer } from "../../../publisher/announce/pacer.ts";
import { parseState, pendingText, seenText } from "../../../publisher/announce/state.ts";
import type { VersionFacts } from "../../../publisher/verify/metadata.ts";
import { fakeClock, subscription } from "./support.ts";

const commit = (letter: string) => letter.repeat(40);
const facts = (version: string, reference?: string): VersionFacts => ({
  name: "acme/a",
  version,
  normalized: version,
  inDevFile: false,
  type: "library",
  requires: [],
  defaultBranch: false,
  digest: "",
  ...(reference === undefined ? {} : { source: { url: "u", reference, mirrored: false } }),
});

const BUILD = "20261101T100000Z-0000000a";

describe("the versions of a tree", () => {
  it("are left out where their names are none that anybody should print", () => {
    const odd = ["dev-$(id)", "dev-a b", "dev-`id`", 'dev-"x"', "dev-\u202e", "dev-a|b"].map((name) =>
      facts(name),
    );
    const packages = new Map([["acme/a", [...odd, facts("1.0.0", commit("a"))]]]);
    expect(versionsOf(packages)).toEqual({ "acme/a": { "1.0.0": commit("a") } });
  });

  it("may lack a commit, or have something else in its place", () => {
    const packages = new Map([["acme/a", [facts("1.0.0"), facts("1.1.0", "trunk@12")]]]);
    expect(versionsOf(packages)).toEqual({ "acme/a": { "1.0.0": "", "1.1.0": "" } });
  });

  it("are new where they were not there, or were at another commit, and not where they are gone", () => {
    const before = seenOf({ "acme/a": { "1.0.0": commit("a"), "1.1.0": commit("b"), "0.9.0": commit("c") } });
    const now = { "acme/a": { "1.0.0": commit("a"), "1.1.0": commit("d"), "2.0.0": commit("e") } };
    expect(newVersions(before, now)).toEqual({ "acme/a": { "1.1.0": commit("d"), "2.0.0": commit("e") } });
  });
});

describe("what waits for a consumer", () => {
  const time = "2026-11-01T10:00:00Z";
  const arrivals = (development: boolean, versions: Readonly<Record<string, string>>) => {
    const id = "acme/website";
    const subscriptions = [subscription(id, { development })];
    const now = { "acme/a": versions };
    const all = { pending: {}, fresh: now, now, subscriptions, isOwn: () => false, time };
    return Object.keys(addPending(all)[id]?.versions["acme/a"] ?? {});
  };
  const branches = { "dev-main": commit("a"), "2.x-dev": commit("b"), "dev-fix/1.0": commit("c") };
  const releases = { "1.0.0": commit("d"), "2.0.0-beta1": commit("e"), v1: commit("f") };

  it("is releases alone, unless the subscription asks for branches that move", () => {
    expect(arrivals(false, branches)).toEqual([]);
    const told = arrivals(false, { ...branches, ...releases });
    expect(told.toSorted()).toEqual(Object.keys(releases).toSorted());
    const all = arrivals(true, { ...branches, ...releases });
    expect(all.toSorted()).toEqual(Object.keys({ ...branches, ...releases }).toSorted());
  });

  it("loses no release to branches, however many move at once, and no branch to another", () => {
    const many = Array.from({ length: 2 * KEPT_VERSIONS }, (_, index) => [`${index + 2}.x-dev`, commit("a")]);
    const versions = { ...Object.fromEntries(many), "1.0.0": commit("b") };
    expect(arrivals(false, versions)).toEqual(["1.0.0"]);
    expect(arrivals(true, versions)).toHaveLength(many.length + 1);
  });

  it("is the newest releases of a package, where many came", () => {
    const many = Array.from({ length: 2 * KEPT_VERSIONS }, (_, index) => [`1.${index}.0`, commit("a")]);
    const told = arrivals(false, Object.fromEntries(many));
    expect(told).toHaveLength(KEPT_VERSIONS);
    expect(told).toContain(`1.${2 * KEPT_VERSIONS - 1}.0`);
    expect(told).not.toContain("1.0.0");
  });
});

describe("what is told", () => {
  it("is taken out, and what moved meanwhile stays", () => {
    const since = "2026-11-01T10:00:00Z";
    const pending = { since, versions: { "acme/a": { "1.0.0": commit("b"), "1.1.0": commit("c") } } };
    expect(withoutTold(pending, { "acme/a": { "1.0.0": commit("a"), "1.1.0": commit("c") } })).toEqual({
      since,
      versions: { "acme/a": { "1.0.0": commit("b") } },
    });
    expect(withoutTold(pending, pending.versions)).toBeUndefined();
  });

  it("fits into GitHub's inputs, every part a valid announcement, and all of it in the parts", () => {
    const names = Array.from({ length: 200 }, (_, index) => `acme/package-${index}`);
    const versions = Array.from(
      { length: KEPT_VERSIONS },
      (_, index) => [`1.${index}.0`, commit("a")] as const,
    );
    const all = Object.fromEntries(names.map((name) => [name, Object.fromEntries(versions)]));
    const messages = messagesOf(BUILD, all);
    expect(messages.length).toBeGreaterThan(1);
    const told = messages.flatMap(({ text }) => {
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MAX_ANNOUNCEMENT_BYTES);
      return announcementSchema.parse(JSON.parse(text)).versions;
    });
    expect(told).toHaveLength(names.length * KEPT_VERSIONS);
    const first = told.find(({ package: name, version }) => name === "acme/package-0" && version === "1.3.0");
    expect(first).toEqual({ package: "acme/package-0", version: "1.3.0", reference: commit("a") });
  });
});

describe("the record", () => {
  it("is read as it was written, and is the same text for the same state", () => {
    const since = "2026-11-01T10:00:00.000Z";
    const versions = { "acme/b": { "1.0.0": commit("a") }, "acme/a": {} };
    const state = { build: BUILD, seen: versions, pending: { "acme/web": { since, versions } } };
    expect(parseState(seenText(state), pendingText(state))).toEqual(state);
    const other = { ...state, seen: { "acme/a": {}, "acme/b": { "1.0.0": commit("a") } } };
    expect(seenText(other)).toBe(seenText(state));
    expect(parseState("{}", pendingText(state))).toBeUndefined();
    expect(parseState("", "")).toBeUndefined();
  });
});

describe("the pace", () => {
  it("lets requests begin apart however many wait, and nobody during a pause that GitHub asks for", async () => {
    const clock = fakeClock(0);
    const pace = pacer(clock);
    const starts: number[] = [];
    const worker = async () => {
      for (let round = 0; round < 3; round++) {
        await pace.turn();
        starts.push(clock.now());
        if (starts.length === 3) await pace.sleep(60_000);
      }
    };
    await Promise.all([worker(), worker(), worker()]);
    const gaps = starts.slice(1).map((start, index) => start - (starts[index] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(GAP_MS);
    expect(gaps[2]).toBeGreaterThanOrEqual(60_000);
  });
});
