import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { teller } from "../../publisher/runner.ts";

let root: string;
let said: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "runner-"));
  said = "";
});
afterEach(() => rm(root, { recursive: true }));

const told = (variables: Record<string, string>) =>
  teller(variables, (text) => {
    said += text;
  });

it("no line that others wrote is a command to the runner", () => {
  const { say, pass, warn, fail } = told({ GITHUB_ACTIONS: "true" });
  say("::add-mask::x");
  say("  ::warning::x");
  pass("::error::x\nplain\n");
  warn("50% done\n::error::x");
  fail("a\r::error::x");
  expect(said.split("\n")).toEqual([
    "| ::add-mask::x",
    "| ::warning::x",
    "| ::error::x",
    "| plain",
    "::warning::50%25 done\\n::error::x",
    "::error::a\\r::error::x",
    "",
  ]);
});

it("on a person's machine, warnings are words and nothing is written for a runner", async () => {
  const summary = join(root, "summary");
  const { warn, summary: summarise } = told({ GITHUB_STEP_SUMMARY: summary });
  warn("look");
  await summarise("text");
  expect(said).toBe("warning: look\n");
  await expect(readFile(summary, "utf8")).rejects.toThrow("ENOENT");
});

it("a value for later steps holds whatever it holds, and summaries add up", async () => {
  const [output, summary] = [join(root, "output"), join(root, "summary")];
  const { output: give, summary: summarise } = told({
    GITHUB_ACTIONS: "true",
    GITHUB_OUTPUT: output,
    GITHUB_STEP_SUMMARY: summary,
  });
  await give("action", "none\nEOF\nother=1");
  const [first = "", ...lines] = (await readFile(output, "utf8")).split("\n");
  const [name, end] = first.split("<<");
  expect([name, ...lines]).toEqual(["action", "none", "EOF", "other=1", end, ""]);
  await summarise("one");
  await summarise("two");
  expect(await readFile(summary, "utf8")).toBe("one\ntwo\n");
});
