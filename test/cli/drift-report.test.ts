import { describe, expect, test } from "vitest";
import type { Changed } from "../../cli/drift/compare-repositories.ts";
import { diffOf, textQuestions, withDiffs } from "../../cli/drift/diffs.ts";
import type { Drift } from "../../cli/drift/finding.ts";
import type { Look } from "../../cli/drift/look.ts";
import { asMarkdown } from "../../cli/drift/markdown.ts";
import { asJson, asText, isClean } from "../../cli/drift/report.ts";
import type { RepositoryAnswer, TextAnswer } from "../../cli/drift/repositories.ts";

const CLEAN: Look = { drift: [], unread: [], repositories: 3, apiCalls: 12, freeCalls: 9 };
const CHANGED: Drift = {
  repository: "acme/lib",
  kind: "file changed",
  name: "satis.json",
  detail: "on main | @everyone",
  diff: "-a\n+```\n+@everyone",
};
const DRIFTED: Look = { ...CLEAN, drift: [CHANGED] };

describe("the report", () => {
  test("is clean only where everything was read and nothing found", () => {
    expect(isClean({ stack: "dev", first: CLEAN })).toBe(true);
    expect(isClean({ stack: "dev", first: DRIFTED })).toBe(false);
    expect(isClean({ stack: "dev", first: DRIFTED, second: CLEAN })).toBe(true);
    const unread = [{ repository: "acme/lib", what: "repository", reason: "502" }];
    expect(isClean({ stack: "dev", first: { ...CLEAN, unread } })).toBe(false);
  });

  test("says how much was read and what it cost", () => {
    expect(asText({ stack: "dev", first: CLEAN })).toBe(
      "dev: as declared; 3 repositories read, 12 requests to GitHub, 9 of them free",
    );
  });

  test("groups what could not be read by its reason: a token lacks a permission everywhere alike", () => {
    const unread = Array.from({ length: 7 }, (_, index) => ({
      repository: `acme/p${index}`,
      what: "secret TOKEN",
      reason: "403",
    }));
    const text = asText({ stack: "dev", first: { ...CLEAN, unread } });
    expect(text).toContain("secret TOKEN: 403: acme/p0, acme/p1, acme/p2, acme/p3, acme/p4 and 2 more");
    expect(text).toContain("dev: no difference in what was read, 7 things not read;");
    expect(JSON.parse(asJson({ stack: "dev", first: { ...CLEAN, unread } }))).toMatchObject({
      clean: false,
      complete: false,
    });
  });

  test("keeps strangers' text inside its place in Markdown", () => {
    const markdown = asMarkdown({ stack: "dev", first: DRIFTED });
    expect(markdown).toContain("| acme/lib | file changed | satis.json | on main \\| @\u200beveryone |");
    expect(markdown).toContain("````diff\n-a\n+```\n+@everyone\n````");
    const named = { ...DRIFTED, drift: [{ ...CHANGED, name: "<b>@a&b" }] };
    expect(asMarkdown({ stack: "dev", first: named })).toContain(
      "<summary>acme/lib &lt;b>@\u200ba&amp;b</summary>",
    );
  });

  test("tells a repair's first findings beside what is left", () => {
    const report = {
      stack: "dev",
      first: DRIFTED,
      second: CLEAN,
      repair: { operations: { update: 1 }, enabled: [] },
    };
    expect(JSON.parse(asJson(report))).toMatchObject({
      clean: true,
      drift: [],
      found: [{ kind: "file changed" }],
    });
    expect(asText(report)).toContain("repair: 1 update");
  });

  test("is not clean where the repair failed, and says why in each form", () => {
    const report = {
      stack: "dev",
      first: DRIFTED,
      second: CLEAN,
      repair: { operations: {}, enabled: [], error: "up failed:\n  ``` 403 Forbidden" },
    };
    expect(isClean(report)).toBe(false);
    expect(JSON.parse(asJson(report))).toMatchObject({
      clean: false,
      repair: { error: expect.stringMatching(/403/) },
    });
    expect(asText(report)).toContain("the repair failed: up failed:\n  ``` 403 Forbidden");
    expect(asMarkdown(report)).toContain("````\nup failed:\n  ``` 403 Forbidden\n````");
  });

  test("tells what a repair did where the second look failed, and is neither clean nor complete", () => {
    const repair = { operations: { create: 1 }, enabled: [] };
    const report = { stack: "dev", first: DRIFTED, repair, secondError: "GitHub's limit is used up" };
    expect(JSON.parse(asJson(report))).toMatchObject({ clean: false, complete: false, repair });
    expect(asText(report)).toMatch(/repair: 1 create\n\nsecond look failed: GitHub's limit is used up$/);
    expect(asMarkdown(report)).toContain("The second look failed:\n\n```\nGitHub's limit is used up\n```");
  });

  test("says where a changed file is told without its diff", () => {
    const { diff: _, ...changed } = CHANGED;
    const first = { ...CLEAN, drift: [{ ...changed, noDiff: "too different to show" }] };
    expect(asText({ stack: "dev", first })).toContain("    no diff: too different to show");
    expect(asMarkdown({ stack: "dev", first })).toContain("; no diff: too different to show |");
  });
});

describe("the report in Markdown", () => {
  const missing = (count: number, more: Partial<Drift> = {}) =>
    Array.from({ length: count }, (_, index): Drift => {
      const repository = `acme/some-package-${index}`;
      const name = ".github/workflows/notify-composer-update.yml";
      return { repository, kind: "file missing", name, detail: "on main", ...more };
    });
  const unread = Array.from({ length: 500 }, (_, index) => {
    return { repository: `acme/p${index}`, what: "secret TOKEN", reason: `50${index} ${"x".repeat(900)}` };
  });
  const markdown = (drift: readonly Drift[], more: Partial<Look> = {}, error?: string) => {
    const repair = error === undefined ? {} : { repair: { operations: {}, enabled: [], error } };
    const text = asMarkdown({ stack: "dev", first: { ...CLEAN, drift, ...more }, ...repair });
    expect(Buffer.byteLength(text)).toBeLessThan(60_000);
    // Whatever is cut, is cut between its parts.
    expect(text.match(/<details>/g)?.length).toBe(text.match(/<\/details>/g)?.length);
    expect((text.match(/^`{3,}/gm) ?? []).length % 2).toBe(0);
    return text;
  };

  test("shows a hundred of a thousand findings and counts the rest", () => {
    const text = markdown(missing(1000));
    expect(text.match(/^\| acme/gm)).toHaveLength(100);
    expect(text).toMatch(/\n\nand 900 more: `fleet drift --json` lists them$/);
  });

  test("keeps what was not read, before the diffs, however long everything is", () => {
    const diff = Array.from({ length: 400 }, () => "+`\u{1f600}@<b>|".repeat(90)).join("\n");
    const long = [...missing(901, { detail: "|@*".repeat(5000) }), ...missing(99, { diff })];
    const text = markdown(long, { unread }, "failed\n".repeat(5000));
    expect(text).toMatch(/^failed\n… and 4573 more lines\n```$/m);
    expect(text.indexOf("Not read, and so neither clean nor drifted")).toBeLessThan(
      text.indexOf("<details>"),
    );
    expect(text).toMatch(/- and \d+ more: `fleet drift --json` lists them/);
    expect(text).toMatch(/and \d+ more diffs: `fleet drift --json` lists them$/);
  });

  test("shows the beginning of a changed file of 400 kB", () => {
    const whole = diffOf("satis.json", "{}\n", `${"y".repeat(999)}\n`.repeat(400)) ?? "";
    expect(whole.length).toBeGreaterThan(400_000);
    const text = markdown([{ ...CHANGED, diff: whole }]);
    expect(text).toMatch(/\n\+y{298}…\n[\s\S]*\n… and \d+ more lines\n```\n\n<\/details>$/);
  });
});

describe("a diff", () => {
  test("shows no line of a private key, wherever the change is", () => {
    const key = (body: string) =>
      `key: |\n  -----BEGIN PRIVATE KEY-----\n  ${body}\n  ${body}\n  -----END PRIVATE KEY-----\nend: 1\n`;
    const diff = diffOf("a.yml", key("QUJD"), key("WFla").replace("1", "2")) ?? "";
    expect(diff).toContain("+end: 2");
    expect(diff).not.toMatch(/QUJD|WFla/);
    const odd = [
      "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0A\n\nSECRET\n-----END RSA PRIVATE KEY-----\n",
      "-----BEGIN PGP PRIVATE KEY BLOCK-----\nSECRET\n-----END PGP PRIVATE KEY BLOCK-----\n",
      "-----BEGIN PRIVATE KEY-----\nSECRET\n",
    ];
    for (const text of odd) expect(diffOf("a", "", `${text}`)).not.toContain("SECRET");
  });

  test("is safe to print, and has no heading but its two names", () => {
    expect(diffOf("a.yml", "a\n", "b\u009b\n")).toBe(
      "--- a.yml\tfleet\n+++ a.yml\tGitHub\n@@ -1,1 +1,1 @@\n-a\n+b\\u{9b}",
    );
  });

  test("of texts that have nothing in common is none, at once: its time grows with the square", () => {
    const started = performance.now();
    expect(diffOf("a.yml", "on: push\n".repeat(60), "\n".repeat(250_000))).toBeUndefined();
    expect(performance.now() - started).toBeLessThan(2000);
  });

  const changed = (repository: string, finding: number): Changed => {
    return { finding, repository, path: "a.yml", content: "a\n" };
  };
  const found = (text: TextAnswer | undefined): RepositoryAnswer => ({
    status: "there",
    id: 1,
    owner: "acme",
    name: "lib",
    archived: false,
    defaultBranch: "main",
    objects: new Map(),
    texts: new Map(text === undefined ? [] : [["HEAD:a.yml", text]]),
  });

  test("that is lacking says why: not read, not asked for, no text, too different", () => {
    const answers: Readonly<Record<string, RepositoryAnswer>> = {
      shown: found({ text: "b\n" }),
      broken: { status: "unread", reason: "502 Bad Gateway" },
      binary: found({ reason: "it is no text" }),
      other: found({ text: "\n".repeat(5000) }),
      beyond: found(undefined),
    };
    const names = Object.keys(answers);
    const { diff: _, ...file } = CHANGED;
    const told = withDiffs(
      names.map((name) => ({ ...file, repository: `acme/${name}` })),
      names.map(changed),
      new Map(Object.entries(answers)),
    );
    expect(told[0]?.diff).toContain("+b");
    expect(told.map(({ noDiff }) => noDiff)).toEqual([
      undefined,
      "its text could not be read: 502 Bad Gateway",
      "its text could not be read: it is no text",
      "too different to show",
      "only the first 99 changed files are shown",
    ]);
  });

  test("is asked for in one request, whatever else is asked for again", () => {
    const questions = textQuestions(Array.from({ length: 500 }, (_, index) => changed(`p${index}`, index)));
    expect(questions).toHaveLength(99);
  });
});
