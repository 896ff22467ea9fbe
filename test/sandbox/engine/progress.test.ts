import { afterEach, expect, test, vi } from "vitest";
import type { EngineEvent, OpType } from "../../../sandbox/engine/events.ts";
import { createProgress } from "../../../sandbox/engine/progress.ts";

const URN = "urn:pulumi:dev::gen::github:index/repositoryFile:RepositoryFile::lib-notify";

function step(key: "resourcePreEvent" | "resOutputsEvent", op: OpType, more: object = {}): EngineEvent {
  const state = {
    type: "",
    urn: URN,
    custom: true,
    id: "",
    parent: "",
    inputs: {},
    outputs: {},
    provider: "",
  };
  const metadata = {
    op,
    urn: URN,
    type: "github:index/repositoryFile:RepositoryFile",
    new: state,
    provider: "",
    ...more,
  };
  return { sequence: 0, timestamp: 0, [key]: { metadata } };
}

function terminal(isTTY: boolean) {
  let text = "";
  const write = (more: string) => {
    text += more;
    return true;
  };
  const stream = { isTTY, columns: 80, write };
  return { stream, text: () => text };
}

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

test("where there is no terminal every change is a line, and the summary comes last", () => {
  const { stream, text } = terminal(false);
  const progress = createProgress(stream);
  progress.event(step("resourcePreEvent", "update", { diffs: ["content"] }));
  progress.event(step("resOutputsEvent", "update", { diffs: ["content"] }));
  progress.event({
    sequence: 2,
    timestamp: 0,
    diagnosticEvent: { urn: URN, prefix: "error: ", message: "no\n", color: "never", severity: "error" },
  });
  const summary = {
    maybeCorrupt: false,
    durationSeconds: 3,
    resourceChanges: { update: 1, same: 2 },
    policyPacks: {},
  };
  progress.event({ sequence: 3, timestamp: 0, summaryEvent: summary });
  progress.end();
  expect(text().split("\n")).toEqual([
    " ~  github:index:RepositoryFile lib-notify updating [diff: ~content]",
    " ~  github:index:RepositoryFile lib-notify updated [diff: ~content]",
    "github:index:RepositoryFile (lib-notify):",
    "    error: no",
    "Resources:",
    "    ~ 1 updated",
    "    2 unchanged",
    "    1 errored",
    "Duration: 3s",
    "",
  ]);
});

test("on a terminal one line keeps changing, and is gone at the end", () => {
  vi.useFakeTimers();
  vi.stubEnv("NO_COLOR", "1");
  const { stream, text } = terminal(true);
  const progress = createProgress(stream);
  progress.event(step("resOutputsEvent", "create"));
  progress.event(step("resourcePreEvent", "update"));
  vi.advanceTimersByTime(100);
  expect(text()).toContain("+1 github:index:RepositoryFile lib-notify");
  expect(text()).not.toContain("\n");
  progress.end();
  expect(text().endsWith("\r\u001b[2K")).toBe(true);
  const before = text();
  vi.advanceTimersByTime(1000);
  expect(text()).toBe(before);
});
