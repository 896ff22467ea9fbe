import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import type { Answer, Prober } from "../../cli/doctor/probe.ts";
import { tryDispatch, tryNotifier } from "../../cli/rotate/canary.ts";
import { checkedToken, readToken } from "../../cli/rotate/token.ts";
import { conclusion, standing, unfinished, untouched } from "../../cli/rotate/words.ts";
import { MANAGED_HEADER } from "../../workflows/render.ts";

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
        body: { ref: "main", inputs: { package: "acme/lib" }, return_run_details: true },
      },
    ]);
  });

  test("takes no other run for its own where GitHub names it", async () => {
    let looks = 0;
    const probe: Prober = async (method) => {
      if (method === "POST") return answer(200, { workflow_run_id: 7 });
      looks++;
      return answer(200, { workflow_runs: [] });
    };
    await tryDispatch(probe, notification, wait);
    expect(looks).toBe(1);
  });

  test("is sent without the wish for the run's id where GitHub does not know that", async () => {
    const bodies: unknown[] = [];
    const probe: Prober = async (method, _path, body = {}) => {
      if (method === "GET") return answer(200, { workflow_runs: bodies.length < 2 ? [] : [{ id: 1 }] });
      bodies.push(body);
      return "return_run_details" in body ? answer(422, { message: "not a permitted key" }) : answer(204);
    };
    await tryDispatch(probe, notification, wait);
    expect(bodies[1]).toEqual({ ref: "main", inputs: { package: "acme/lib" } });
  });

  test("fails where GitHub refuses it, and where no run appears", async () => {
    await expect(tryDispatch(github(403, [1], [1, 2]).probe, notification, wait)).rejects.toThrow(
      /403 Refused/,
    );
    await expect(tryDispatch(github(204, [1]).probe, notification, wait)).rejects.toThrow(/no run appeared/);
  });

  test("is refused in words that cannot act on a terminal", async () => {
    const probe: Prober = async (method) =>
      method === "GET"
        ? answer(200, { workflow_runs: [] })
        : answer(403, { message: "no\u001b[2J\n::add-mask::x" });
    await expect(tryDispatch(probe, notification, wait)).rejects.toThrow(
      String.raw`403 no\u{1b}[2J\n::add-mask::x`,
    );
  });
});

describe("a notify workflow that is tried", () => {
  const url = "https://github.com/acme/lib/actions/runs/7";
  const ours = `# ${MANAGED_HEADER}\nname: x\n`;
  const given = (status: number, body: unknown = {}): Answer => ({ status, body, headers: new Headers() });
  const content = (text: string) => given(200, { content: Buffer.from(text).toString("base64") });

  /** GitHub's answers to what the trial asks, in its order. */
  const ANSWERS = {
    "GET /repos/acme/lib": given(200, { default_branch: "trunk" }),
    "GET /repos/acme/lib/contents/.github/workflows/notify-composer-update.yml": content(ours),
    "GET /repos/acme/lib/actions/workflows/notify-composer-update.yml/runs": given(200, {
      workflow_runs: [],
    }),
    "POST /repos/acme/lib/actions/workflows/notify-composer-update.yml/dispatches": given(200, {
      workflow_run_id: 7,
    }),
    "GET /repos/acme/lib/actions/runs/7": given(200, {
      status: "completed",
      conclusion: "success",
      html_url: url,
    }),
  };
  type Asked = keyof typeof ANSWERS;
  const RUN = "GET /repos/acme/lib/actions/runs/7" as const;

  async function tried(answers: Partial<Record<Asked, Answer>> = {}) {
    const sent: unknown[] = [];
    const probe: Prober = async (method, path, body) => {
      if (method === "POST") sent.push(body);
      const asked = `${method} ${path.split("?")[0]}` as Asked;
      const answered = { ...ANSWERS, ...answers }[asked];
      if (answered === undefined) throw new Error(`the test knows no ${asked}`);
      return answered;
    };
    const trial = await tryNotifier(probe, { owner: "acme", repository: "lib" }, async () => undefined);
    return { trial, sent };
  }

  test.each(["success", "failure"] as const)(
    "is started on the default branch, and ends in %s",
    async (conclusion) => {
      const ended = given(200, { status: "completed", conclusion, html_url: url });
      expect(await tried({ [RUN]: ended })).toEqual({
        trial: { outcome: conclusion, url },
        sent: [{ ref: "trunk", return_run_details: true }],
      });
    },
  );

  test.each<[string, Partial<Record<Asked, Answer>>, string]>([
    [
      "has no such file",
      { "GET /repos/acme/lib/contents/.github/workflows/notify-composer-update.yml": given(404) },
      "there is no .github/workflows/notify-composer-update.yml on its default branch",
    ],
    [
      "has one of its own",
      { "GET /repos/acme/lib/contents/.github/workflows/notify-composer-update.yml": content("name: own") },
      "its .github/workflows/notify-composer-update.yml is not the fleet's",
    ],
    ["is not to be seen", { "GET /repos/acme/lib": given(404, { message: "Not Found" }) }, "404 Not Found"],
    [
      "lets the token list no runs",
      {
        "GET /repos/acme/lib/actions/workflows/notify-composer-update.yml/runs": given(403, {
          message: "Resource not accessible",
        }),
      },
      "cannot be listed: 403 Resource not accessible",
    ],
    [
      "lets the token start nothing",
      {
        "POST /repos/acme/lib/actions/workflows/notify-composer-update.yml/dispatches": given(403, {
          message: "Resource not accessible",
        }),
      },
      "GitHub refuses the dispatch: 403 Resource not accessible",
    ],
    [
      "skips it",
      { [RUN]: given(200, { status: "completed", conclusion: "skipped", html_url: url }) },
      `its run ended as skipped: ${url}`,
    ],
    [
      "has no runner for it",
      { [RUN]: given(200, { status: "queued", conclusion: null, html_url: url }) },
      `its run did not end in 5 minutes: ${url}`,
    ],
  ])("is not tried where the repository %s, and why is said", async (_, answers, reason) => {
    expect((await tried(answers)).trial).toEqual({
      outcome: "untried",
      reason: expect.stringContaining(reason),
    });
  });
});

describe("what a rotation says", () => {
  const words = (secrets: number, updated: number, resumed = false) =>
    conclusion({ secrets, updated, resumed, configFile: "Pulumi.dev.yaml" });

  test("is to commit the configuration before the old token is revoked", () => {
    expect(words(3, 3)).toBe(
      "done: 3 secrets hold the new token; commit Pulumi.dev.yaml, for an update from the committed one writes the old token back; then revoke the old one",
    );
    expect(words(3, 1, true)).toMatch(/^done: 3 secrets .* commit .* revoke/);
  });

  test("is nothing of revoking where nothing was written: the token may be the present one", () => {
    expect(words(3, 0, true)).toBe("nothing to write: all 3 secrets hold it already");
    expect(words(1, 0)).toMatch(/^nothing to write: the one secret holds it already; commit/);
    expect(words(1, 0)).not.toContain("revoke");
  });

  test("is how far the token has come where it stops", () => {
    expect(standing(3, 1)).toBe("2 of 3 secrets hold it, 1 does not yet");
    expect(unfinished(3, 0)).toMatch(/all 3 secrets hold it: run it again/);
    expect(unfinished(3, undefined)).toMatch(/is not known/);
    expect(untouched(2, 0)).toBe("no other repository was given the new token");
    expect(untouched(2, 1)).toBe("1 of 2 other secrets held the new token before, and still do");
  });
});
