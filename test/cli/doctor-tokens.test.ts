import { afterEach, expect, test, vi } from "vitest";
import type { Context } from "../../cli/context.ts";
import { mintReadToken } from "../../cli/doctor/read-app.ts";
import { checkProvider, checkRead } from "../../cli/doctor/tokens.ts";

afterEach(() => vi.unstubAllEnvs());

test.each([
  ["is not set", {}],
  ["is set to nothing", { "github:token": { value: "", secret: true } }],
])(
  "without a token anywhere the remedy is named, and nothing is asked: github:token %s",
  async (_, rawConfig) => {
    vi.stubEnv("GITHUB_TOKEN", undefined);
    // Whatever else is read of this context, there is none.
    expect(await checkProvider({ rawConfig } as unknown as Context, false)).toEqual({
      checks: [
        {
          name: "github:token",
          state: "wrong",
          message: "there is no token",
          remedy: "pulumi config set --secret github:token, or set GITHUB_TOKEN",
        },
      ],
    });
  },
);

test.each([
  "",
  "nothing like a key",
  "-----BEGIN RSA PRIVATE KEY-----",
  "-----BEGIN PRIVATE KEY-----\nbm90IGEga2V5\n-----END PRIVATE KEY-----\n",
])("a key that cannot sign is told without a word of it, and nothing is asked: case %#", async (key) => {
  const { checks, token } = await mintReadToken("http://127.0.0.1:9", { id: "7", key, owner: "acme" });
  expect(token).toBeUndefined();
  expect(checks).toEqual([
    {
      name: "satis-fleet:readAppKey",
      state: "wrong",
      message: "is no private key of an App",
      remedy:
        "make a new key in the App's settings: pulumi config set --secret satis-fleet:readAppKey < key.pem",
    },
  ]);
});

test("builds that have neither token nor App are told of where something is private, and there alone", async () => {
  const context = { config: {}, rawConfig: {} } as unknown as Context;
  const seen = (isPrivate: boolean) => ({
    seen: [{ id: "acme/lib", isArchived: false, isPrivate, viewerPermission: "ADMIN" }],
    missing: [],
    unknown: [],
  });
  expect(await checkRead(context, seen(false))).toEqual([]);
  expect(await checkRead(context, seen(true))).toMatchObject([
    { name: "satis-fleet:readToken", state: "wrong", message: expect.stringMatching(/^is missing, and 1 /) },
  ]);
});
