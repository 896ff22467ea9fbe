import { expect, test } from "vitest";
import { commitMessageWithoutSkipMarker as rule } from "../../policy/rules/commit-message-without-skip-marker.ts";
import { judge, UNKNOWN } from "./support/fleet.ts";

const after = (commitMessage: string) => judge(rule, { workflow: { inputs: { commitMessage } } });

test("plain commit messages are lawful", () => {
  expect(judge(rule)).toEqual([]);
  expect(after("docs: how to skip ci, and what [ci] means")).toEqual([]);
});

test("every marker that GitHub knows is refused, in any letter case and anywhere in the message", () => {
  for (const marker of [
    "[skip ci]",
    "[ci skip]",
    "[no ci]",
    "[skip actions]",
    "[actions skip]",
    "[Skip CI]",
  ]) {
    expect(after(`chore: update\n\nbody ${marker}`)).toEqual([
      `the commit message carries ${marker}: write it without`,
    ]);
  }
});

test("the trailer that skips checks is refused", () => {
  expect(after("chore: update\n\n\nskip-checks: true")).toEqual([
    "the commit message carries skip-checks: true: write it without",
  ]);
});

test("a message that is not known yet is passed over", () => {
  expect(judge(rule, { workflow: { inputs: { commitMessage: UNKNOWN } } })).toEqual([]);
});
