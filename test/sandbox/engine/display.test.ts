import { expect, test } from "vitest";
import { PlainDisplay } from "../../../sandbox/engine/display.ts";
import type { EngineEvent, OpType } from "../../../sandbox/engine/events.ts";

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

test("every change is a line, and the summary comes last", () => {
  const lines: string[] = [];
  const progress = new PlainDisplay((line) => lines.push(line));
  progress.event(step("resourcePreEvent", "update", { diffs: ["content"] }));
  progress.event(step("resOutputsEvent", "update", { diffs: ["content"] }));
  progress.event({
    sequence: 2,
    timestamp: 0,
    diagnosticEvent: { urn: URN, prefix: "error: ", message: "no\n", color: "never", severity: "error" },
  });
  const error = (message: string, urn?: string) =>
    progress.event({
      sequence: 3,
      timestamp: 0,
      diagnosticEvent: {
        ...(urn ? { urn } : {}),
        prefix: "error: ",
        message,
        color: "never",
        severity: "error",
      },
    });
  error("no, once more\n", URN);
  error("update failed\n", "urn:pulumi:dev::p::pulumi:pulumi:Stack::p-dev");
  error("about nothing\n");
  const summary = {
    maybeCorrupt: false,
    durationSeconds: 3,
    resourceChanges: { update: 1, same: 2 },
    policyPacks: {},
  };
  progress.event({ sequence: 3, timestamp: 0, summaryEvent: summary });
  expect(lines).toEqual([
    " ~  github:index:RepositoryFile lib-notify updating [diff: ~content]",
    " ~  github:index:RepositoryFile lib-notify updated [diff: ~content]",
    "github:index:RepositoryFile (lib-notify):",
    "    error: no",
    "    error: no, once more",
    "pulumi:pulumi:Stack (p-dev):",
    "    error: update failed",
    "engine:",
    "    error: about nothing",
    "Resources:",
    "    ~ 1 updated",
    "    2 unchanged",
    // Two errors of one resource count once, and those of the stack or of nothing once together.
    "    2 errored",
    "Duration: 3s",
  ]);
});
