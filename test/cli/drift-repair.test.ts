import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { describe, expect, test } from "vitest";
import type { Context } from "../../cli/context.ts";
import type { Drift } from "../../cli/drift/finding.ts";
import { repair } from "../../cli/drift/repair.ts";
import { RunFailure, type RunOptions } from "../../cli/engine.ts";

const FLEET = "urn:pulumi:dev::satis-fleet::satisfleet:index:Fleet";
const FILE = "github:index/repositoryFile:RepositoryFile";
const urnOf = (index: number) => `${FLEET}$satisfleet:index:PackageNotifier$${FILE}::acme/p${index}-workflow`;
const COUNT = 600;

/** Edited workflows of as many packages; the first follows a moved default branch, which takes a replacement. */
const EDITED = Array.from({ length: COUNT }, (_, index): Drift => {
  const drift: Drift = {
    repository: `acme/p${index}`,
    kind: "file changed",
    detail: "on main",
    urn: urnOf(index),
  };
  return index === 0 ? { ...drift, replace: true } : drift;
});
const ARCHIVED: Drift = {
  repository: "acme/old",
  kind: "repository archived",
  detail: "takes no changes",
  remedy: "unarchive it",
  blocks: true,
};

/** A stack whose previews say that every edited workflow is updated; what its runs were told is kept. */
function fakeContext(up: (options: RunOptions) => void = () => undefined) {
  const runs: { readonly command: string; readonly options: RunOptions }[] = [];
  const run =
    (command: string) =>
    async (options: RunOptions = {}) => {
      runs.push({ command, options });
      if (command === "preview")
        EDITED.forEach(({ urn = "" }, index) => {
          const op = index === 0 ? "create-replacement" : "update";
          const metadata = { op, urn, type: FILE };
          options.onEvent?.({ resourcePreEvent: { metadata } } as unknown as EngineEvent);
        });
      if (command === "up") up(options);
      return { operations: {} };
    };
  const resources = EDITED.map(({ urn }) => ({ urn, type: FILE, outputs: {} }));
  const stack = {
    exportStack: async () => ({ version: 3, deployment: { resources } }),
    locks: async () => [],
    refresh: run("refresh"),
    preview: run("preview"),
    up: run("up"),
  };
  const context = { stack, engine: "sandbox", policies: {}, config: { github: { writeDelayMs: 1000 } } };
  return { context: context as unknown as Context, runs };
}

describe("a repair of 600 workflows on github.com", () => {
  test.each([
    ["", []],
    [" while a repository is archived", [ARCHIVED]],
  ])(
    "keeps to one write at a time and 500 commits an hour%s, and says how long it takes",
    async (_, more) => {
      const { context, runs } = fakeContext();
      const told: string[] = [];
      const waits: number[] = [];
      const output = { out: () => undefined, err: (text: string) => told.push(text) };
      const wait = async (milliseconds: number) => waits.push(milliseconds);
      const done = await repair(context, { drift: [...more, ...EDITED], unread: [] }, output, { wait });
      expect(done).toEqual({ operations: {}, enabled: [] });
      expect(told.join("\n")).toMatch(/600 of them writes, 1 h.* in \d batches, within GitHub's limits/);
      expect(waits.length).toBeGreaterThan(0);
      const ups = runs.flatMap(({ command, options }) => (command === "up" ? [options] : []));
      for (const { parallel, continueOnError } of ups)
        expect({ parallel, continueOnError }).toEqual({ parallel: 1, continueOnError: true });
      const [first] = ups;
      expect(first?.target?.length).toBeLessThanOrEqual(500);
      expect(first?.replace).toEqual([urnOf(0)]);
      // Only where something is left alone is no run one of the whole program, refresh and previews included.
      const whole = runs.filter(({ options }) => (options.target ?? []).length === 0);
      expect(whole.length > 0).toBe(more.length === 0);
    },
  );

  test("goes on with the next batch where one has failed, and tells it", async () => {
    let number = 0;
    const { context, runs } = fakeContext(() => {
      number += 1;
      if (number === 1) throw new RunFailure("403 Forbidden \u001b[31m", {});
    });
    const wait = async () => undefined;
    const { error } = await repair(context, { drift: EDITED, unread: [] }, QUIET, { wait });
    expect(error).toMatch(/^up, batch 1 of \d failed:\n {2}403 Forbidden \\u\{1b\}\[31m/);
    expect(runs.filter(({ command }) => command === "up").length).toBeGreaterThan(1);
  });

  test("begins no other batch once it is told to stop", async () => {
    const { context, runs } = fakeContext(() => {
      process.emit("SIGTERM");
      throw new RunFailure("canceled", {});
    });
    const { error } = await repair(context, { drift: EDITED, unread: [] }, QUIET);
    expect(error).toContain("canceled");
    expect(runs.filter(({ command }) => command === "up")).toHaveLength(1);
  });
});

const QUIET = { out: () => undefined, err: () => undefined };
