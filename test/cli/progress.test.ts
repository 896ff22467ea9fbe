import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { afterEach, expect, test, vi } from "vitest";
import { startProgress } from "../../cli/progress.ts";

const urn = "urn:pulumi:dev::satis-fleet::github:index/repositoryFile:RepositoryFile::acme/lib-workflow";

function event(key: "resourcePreEvent" | "resOutputsEvent", op: string): EngineEvent {
  return { sequence: 0, timestamp: 0, [key]: { metadata: { op, urn } } } as unknown as EngineEvent;
}

function terminal(isTTY: boolean) {
  let text = "";
  const write = (more: string) => {
    text += more;
    return true;
  };
  return { stream: { isTTY, columns: 80, write }, text: () => text };
}

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

test("on a terminal one line keeps changing, and is gone at the end", () => {
  vi.useFakeTimers();
  vi.stubEnv("NO_COLOR", "1");
  const { stream, text } = terminal(true);
  const progress = startProgress("create", stream);
  progress.onEvent(event("resOutputsEvent", "create"));
  progress.onEvent(event("resourcePreEvent", "update"));
  vi.advanceTimersByTime(100);
  expect(text()).toMatch(/create .*\+1 .*acme\/lib-workflow/);
  expect(text()).not.toContain("\n");
  progress.end();
  expect(text().endsWith("\r\u001b[2K")).toBe(true);
  const before = text();
  vi.advanceTimersByTime(1000);
  expect(text()).toBe(before);
});

test("where nobody watches a plain line says now and then that it goes on", () => {
  vi.useFakeTimers();
  const { stream, text } = terminal(false);
  const progress = startProgress("create", stream);
  progress.onEvent(event("resOutputsEvent", "create"));
  vi.advanceTimersByTime(10_000);
  progress.end();
  expect(text()).toMatch(/^ {2}create [\d.]+s \+1\n$/);
});
