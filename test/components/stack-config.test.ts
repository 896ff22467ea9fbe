import * as pulumi from "@pulumi/pulumi";
import { beforeEach, describe, expect, test } from "vitest";
import { readStackConfig } from "../../components/stack-config.ts";

const TOKEN = "a-token-that-is-never-printed";
const BASE = {
  "github:owner": "acme",
  "github:token": TOKEN,
  "satis-fleet:dispatchToken": "dispatch",
};

const created: { type: string; inputs: Record<string, unknown> }[] = [];

beforeEach(async () => {
  created.length = 0;
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, inputs, name }) => {
        created.push({ type, inputs });
        return { id: name, state: inputs };
      },
      call: ({ token }) => {
        throw new Error(`the program looks nothing up, but called ${token}`);
      },
    },
    "satis-fleet",
    "dev",
  );
});

function read(config: Record<string, string>) {
  pulumi.runtime.setAllConfig(config, []);
  return readStackConfig();
}

describe("the stack's configuration", () => {
  test("gives its secret values as secret outputs only", async () => {
    const { stack } = read({ ...BASE, "satis-fleet:readToken": "read" });
    const { consumerTokens: _none, ...secrets } = stack?.secretsFor([]).secrets ?? {
      consumerTokens: new Map(),
    };
    expect(Object.values(secrets).filter((output) => output !== undefined)).toHaveLength(2);
    for (const output of Object.values(secrets).filter((one) => one !== undefined)) {
      expect(await pulumi.isSecret(output as pulumi.Output<string>)).toBe(true);
    }
    expect(JSON.stringify(stack?.config)).not.toContain(TOKEN);
  });

  test("refuses a secret longer than GitHub takes, and does not repeat it", () => {
    const { stack, findings } = read({ ...BASE, "satis-fleet:dispatchToken": "x".repeat(48 * 1024 + 1) });
    expect(stack).toBeUndefined();
    expect(findings).toMatchObject([{ severity: "fault", message: expect.stringContaining("48 kB") }]);
    expect(JSON.stringify(findings)).not.toContain("xxxx");
  });

  test.each(["not JSON", '{"id": "1"}', '{"id": "one", "installationId": "2", "pemFile": "key"}'])(
    "refuses an App without its three parts: %s",
    (app) => {
      const { "github:token": _, ...rest } = BASE;
      const { stack, findings } = read({ ...rest, "github:appAuth": app });
      expect(stack).toBeUndefined();
      expect(findings).toMatchObject([{ message: expect.stringContaining("github:appAuth lacks") }]);
    },
  );

  test("builds the one provider from the App, which then may pass the ruleset", async () => {
    const { "github:token": _, ...rest } = BASE;
    const app = { id: 12, installationId: "34", pemFile: "key" };
    const { stack } = read({ ...rest, "github:appAuth": JSON.stringify(app) });
    expect(stack?.appId).toBe(12);
    await new Promise<void>((resolve) => stack?.provider().urn.apply(() => resolve()));
    const [provider] = created;
    expect(provider?.type).toBe("pulumi:providers:github");
    expect(provider?.inputs).toMatchObject({ owner: "acme", legacyClient: "true", parallelRequests: "true" });
    expect(provider?.inputs).not.toHaveProperty("token");
  });
});
