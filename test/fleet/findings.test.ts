import { expect, test } from "vitest";
import { FaultsError, type Finding, formatFinding, quoted, safeText } from "../../fleet/findings.ts";
import { TOKEN } from "./support.ts";

const FINDING: Finding = {
  severity: "fault",
  file: "satis.json",
  line: 3,
  column: 7,
  message: "homepage is missing",
  remedy: "write one",
};

test("a finding is one line: place, severity, what is wrong, what to do", () => {
  expect(formatFinding(FINDING)).toBe("satis.json:3:7: fault: homepage is missing: write one");
});

test("a finding without a place names its file alone", () => {
  expect(formatFinding({ severity: "warning", file: "stack config", message: "m", remedy: "r" })).toBe(
    "stack config: warning: m: r",
  );
});

test.each([
  ["a\nb\r\tc", "a\\nb\\r\\tc"],
  ["\u001b[31mred", "\\u{1b}[31mred"],
  ["right\u202eleft", "right\\u{202e}left"],
  ["line\u2028end\u0085", "line\\u{2028}end\\u{85}"],
  ["\ud800", "\\u{d800}"],
  ["Zürich 日本 🎈", "Zürich 日本 🎈"],
])("control, format and separator characters of %j are escaped", (text, safe) => {
  expect(safeText(text)).toBe(safe);
});

test("whatever a message says, a credential in it is not printed", () => {
  const line = formatFinding({
    ...FINDING,
    message: `https://me:hunter2@x.org and ${TOKEN}`,
    remedy: `use ${TOKEN}`,
  });
  expect(line).not.toContain("hunter2");
  expect(line).not.toContain(TOKEN.slice(0, 12));
});

test("a quotation is cut only after credentials are gone", () => {
  const text = quoted(`${"x".repeat(70)}${TOKEN}`);
  expect(text).toBe(`"${"x".repeat(70)}***"`);
  expect([...quoted("y".repeat(200))]).toHaveLength(82);
});

test("the error names every fault and no warning, in one message", () => {
  const error = new FaultsError([
    FINDING,
    { ...FINDING, severity: "warning", message: "odd" },
    { ...FINDING, line: 9 },
  ]);
  expect(error.message).toBe(
    "2 faults, nothing was changed\n" +
      "  satis.json:3:7: fault: homepage is missing: write one\n" +
      "  satis.json:9:7: fault: homepage is missing: write one",
  );
  expect(error.findings).toHaveLength(2);
});
