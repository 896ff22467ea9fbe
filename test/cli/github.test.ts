import { afterEach, describe, expect, test, vi } from "vitest";
import { requireToken } from "../../cli/context.ts";
import { connect, credentialOf, tokenOf } from "../../cli/github.ts";
import { parseConfig } from "../../fleet/config.ts";

const secret = (value: string) => ({ value, secret: true });

describe("what GitHub is asked with", () => {
  afterEach(() => vi.unstubAllEnvs());

  test.each([
    ["the stack's token before the environment's", { "github:token": secret("own") }, "own"],
    ["GITHUB_TOKEN where the stack has no token", {}, "environment"],
    ["GITHUB_TOKEN where the stack's token is empty", { "github:token": secret("") }, "environment"],
    [
      "GITHUB_TOKEN where the stack's App is empty, too",
      { "github:token": secret(""), "github:appAuth": secret("") },
      "environment",
    ],
  ])("is %s", async (_, raw, token) => {
    vi.stubEnv("GITHUB_TOKEN", "environment");
    expect(credentialOf(raw)).toEqual({ key: "github:token", token });
    const { config } = parseConfig(
      new Map([
        ["github:owner", "acme"],
        ["satis-fleet:notify", "poll"],
      ]),
      new Set(),
    );
    if (!config) throw new Error("the test's configuration is wrong");
    const github = connect(config, raw);
    expect(await github.auth()).toMatchObject({ token });
    expect(await tokenOf(github, raw)).toBe(token);
    expect(() => requireToken({ rawConfig: raw })).not.toThrow();
  });

  test("is the App where the stack has one", () => {
    vi.stubEnv("GITHUB_TOKEN", "environment");
    const raw = { "github:token": secret("own"), "github:appAuth": secret("{}") };
    expect(credentialOf(raw)).toEqual({ key: "github:appAuth", app: "{}" });
  });

  test("is nothing where neither is set, or both are empty", () => {
    for (const value of ["", undefined]) {
      vi.stubEnv("GITHUB_TOKEN", value);
      for (const raw of [{}, { "github:token": secret("") }]) {
        expect(credentialOf(raw)).toBeUndefined();
        expect(() => requireToken({ rawConfig: raw })).toThrow(
          /^there is no token: pulumi config set --secret github:token/,
        );
      }
    }
  });
});
