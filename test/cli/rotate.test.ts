import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import type { Answer, Prober } from "../../cli/doctor/probe.ts";
import { tryDispatch } from "../../cli/rotate/canary.ts";
import { checkedToken, readToken } from "../../cli/rotate/token.ts";

const stdin = (text: string, isTTY = false) =>
  Object.assign(Readable.from([text]), { isTTY }) as unknown as NodeJS.ReadStream;

describe("the new token", () => {
  test("comes from standard input, without the line's end, or from a variable", async () => {
    expect(await readToken({}, stdin("abc\n"))).toBe("abc");
    expect(await readToken({ tokenEnv: "NEXT" }, stdin(""), { NEXT: "def" })).toBe("def");
  });

  test("is refused, and never repeated, where it is none", async () => {
    await expect(readToken({}, stdin("", true))).rejects.toThrow(/on standard input/);
    await expect(readToken({ tokenEnv: "NEXT" }, stdin("abc"), {})).rejects.toThrow(/empty or not set/);
    expect(() => checkedToken(" \n")).toThrow(/is empty/);
    for (const text of ["two words", "two\nlines", "schlüssel"]) {
      expect(() => checkedToken(text)).toThrow(/^what was given is no token/);
    }
    expect(() => checkedToken("x".repeat(49 * 1024))).toThrow(/longer than the 48 kB/);
  });
});

describe("a dispatch that is tried", () => {
  const composer = { owner: "acme", repository: "composer", branch: "main" };
  const notification = { composer, dispatchName: "acme/lib" };
  const answer = (status: number, body: unknown = {}): Answer => ({ status, body, headers: new Headers() });

  /** A GitHub that lists these runs, one list a look, the first before the dispatch. */
  const github = (status: number, ...lists: readonly number[][]) => {
    const sent: unknown[] = [];
    let look = 0;
    const probe: Prober = async (method, path, body) => {
      if (method === "POST") {
        sent.push({ path, body });
        return answer(status, { message: "Refused" });
      }
      const ids = lists[Math.min(look++, lists.length - 1)] ?? [];
      return answer(200, { workflow_runs: ids.map((id) => ({ id })) });
    };
    return { probe, sent };
  };

  const wait = async () => undefined;

  test.each([204, 200])("succeeds with %i once a run is there that was not there before", async (status) => {
    const { probe, sent } = github(status, [1], [1], [1, 2]);
    await tryDispatch(probe, notification, wait);
    expect(sent).toEqual([
      {
        path: "/repos/acme/composer/actions/workflows/partial-build.yml/dispatches",
        body: { ref: "main", inputs: { package: "acme/lib" } },
      },
    ]);
  });

  test("fails where GitHub refuses it, and where no run appears", async () => {
    await expect(tryDispatch(github(403, [1], [1, 2]).probe, notification, wait)).rejects.toThrow(
      /403 Refused/,
    );
    await expect(tryDispatch(github(204, [1]).probe, notification, wait)).rejects.toThrow(/no run appeared/);
  });
});
