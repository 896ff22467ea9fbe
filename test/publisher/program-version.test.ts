import { describe, expect, it } from "vitest";
import { composerFinding, isOlder } from "../../publisher/program-version.ts";

describe("of two versions", () => {
  it.each([
    ["2.9.7", "2.9.8"],
    ["2.9", "2.9.8"],
    ["2.9.8-RC1", "2.9.8"],
    ["1.10.27", "2.9.8"],
    ["git version 2.29.3", "2.30"],
    ["8.3.99", "8.4"],
    ["8.4.0RC2", "8.4.0"],
  ])("%s is older than %s", (version, than) => {
    expect(isOlder(version, than)).toBe(true);
    expect(isOlder(than, version)).toBe(false);
  });

  it.each([
    ["2.9.8", "2.9.8"],
    ["2.10.0", "2.9.8"],
    ["2.10.0-RC1", "2.9.8"],
    ["git version 2.39.5 (Apple Git-154)", "2.30"],
    ["8.4", "8.4"],
    ["8.4.10-1+ubuntu24.04.1+deb.sury.org+1", "8.4"],
  ])("%s is not older than %s", (version, than) => {
    expect(isOlder(version, than)).toBe(false);
  });
});

describe("a Composer that can leak tokens", () => {
  const debian = "Composer version 2.5.5 2023-03-21 11:50:05";
  it("is refused where there is a token", () => {
    expect(composerFinding(debian, true)).toEqual({
      severity: "fault",
      message: "Composer 2.5.5 can print tokens in its output (CVE-2026-45793)",
      remedy: "install Composer 2.9.8 or later: composer self-update --stable",
    });
  });

  it("is a warning where there is none", () => {
    expect(composerFinding(debian, false)?.severity).toBe("warning");
  });

  it("is none that is new enough", () => {
    expect(
      composerFinding("Composer version 2.9.8 2026-05-12 10:00:00\nPHP version 8.4.1", true),
    ).toBeUndefined();
    expect(composerFinding("Composer version 2.10.1 2026-08-01 10:00:00", true)).toBeUndefined();
  });

  it("is one that does not tell its version", () => {
    expect(composerFinding("", true)?.message).toBe("the Composer on the PATH does not tell its version");
    expect(composerFinding("Composer version @package_version@", true)?.severity).toBe("fault");
  });
});
