import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type ConfigEntry, type EngineName, RunFailure, type RunOptions } from "../../cli/engine.ts";
import { openWorld, type World } from "../../demo/world.ts";
import { RULES } from "../../policy/rules.ts";
import type { SeedRepository } from "../../sandbox/github/index.ts";
import { RESOURCE_FAULTS, STACK_FAULTS } from "../policy/support/faults.ts";
import { leaks } from "../support/leaks.ts";
import { satisOf } from "../support/teller.ts";

const engine: EngineName = process.env.ENGINE === "pulumi" ? "pulumi" : "sandbox";
const PACK = fileURLToPath(new URL("../../policy", import.meta.url));
const LAWLESS = fileURLToPath(new URL("../policy/support/lawless.ts", import.meta.url));

interface Options {
  readonly config?: Readonly<Record<string, ConfigEntry>>;
  readonly repositories?: readonly SeedRepository[];
  readonly program?: string;
}

async function inWorld(options: Options, tell: (world: World) => Promise<void>): Promise<void> {
  const world = await openWorld({
    engine,
    owner: "acme",
    satis: satisOf("lib", "tool"),
    repositories: [{ name: "lib" }, { name: "tool" }],
    ...options,
  });
  try {
    await tell(world);
  } finally {
    await world.close();
  }
}

/** What the pack said of a run: rule, logical name of the resource, message without the rule's description. */
async function judged(
  world: World,
  command: "preview" | "up" = "preview",
  run: RunOptions = {},
): Promise<{ ok: boolean; said: readonly string[]; levels: readonly string[] }> {
  const events: NonNullable<EngineEvent["policyEvent"]>[] = [];
  const onEvent = (event: EngineEvent) => {
    if (event.policyEvent) events.push(event.policyEvent);
  };
  let ok = true;
  try {
    await world.stack[command]({ ...run, policyPacks: [PACK], onEvent });
  } catch (error) {
    // A run that fails for another reason than a rule is no judgement.
    if (!(error instanceof RunFailure) || events.length === 0) throw error;
    ok = false;
  }
  expect(leaks(JSON.stringify(events))).toEqual([]);
  const said = events.map(({ policyName, resourceUrn = "", message }) => {
    const name = resourceUrn.slice(resourceUrn.indexOf("::", resourceUrn.indexOf("$")) + 2);
    return `${policyName} | ${name.split("::").at(-1)} | ${message.trimEnd().split("\n").slice(1).join("\n")}`;
  });
  const levels = [...new Set(events.map(({ enforcementLevel }) => String(enforcementLevel)))];
  return { ok, said: said.sort(), levels };
}

afterEach(() => {
  vi.unstubAllEnvs();
});

/** Previews a fleet whose program has the faults of a kind. */
async function lawless(faults: "resource" | "stack"): Promise<readonly string[]> {
  vi.stubEnv("LAWLESS", faults);
  let told: readonly string[] = [];
  await inWorld({ program: LAWLESS }, async (world) => {
    const before = JSON.stringify(world.github.snapshot());
    const { ok, said, levels } = await judged(world);
    expect([ok, levels]).toEqual([false, ["mandatory"]]);
    expect(JSON.stringify(world.github.snapshot())).toBe(before);
    told = said;
  });
  return told;
}

const LAWFUL = { ok: true, said: [], levels: [] };
const VISIBILITY =
  'repository-visibility | composer-repository | visibility public is not allowed (private, internal): pulumi config set satis-fleet:visibility private, or allow it with {"repository-visibility":{"allowed":["private","internal","public"]}} in the policy pack\'s configuration';
const PUBLIC = { "satis-fleet:visibility": { value: "public" } };

describe(`on ${engine}`, () => {
  describe("a fleet as the program makes it breaks no rule", () => {
    test("before its first update, in it, and after it", () =>
      inWorld({}, async (world) => {
        for (const command of ["preview", "up", "preview"] as const) {
          expect(await judged(world, command)).toEqual(LAWFUL);
        }
        const target = ["**acme/lib-workflow"];
        expect(await judged(world, "preview", { target })).toEqual(LAWFUL);
        world.github.seed([{ name: "fresh" }]);
        await world.writeSatis(satisOf("lib", "fresh"));
        expect(await judged(world, "preview", { target })).toEqual(LAWFUL);
      }));

    test("with one secret of the organization", () =>
      inWorld({ config: { "satis-fleet:secretScope": { value: "organization" } } }, async (world) => {
        for (const command of ["preview", "up", "preview"] as const) {
          expect(await judged(world, command)).toEqual(LAWFUL);
        }
      }));

    const variants: Readonly<Record<string, Options>> = {
      "on the free plan": {
        config: { "satis-fleet:plan": { value: "free" }, "satis-fleet:hosting": { value: "private" } },
      },
      "that polls": { config: { "satis-fleet:notify": { value: "poll" } } },
      "with another secret's name, reviewers and a pull request": {
        config: {
          "satis-fleet:secretName": { value: "FLEET_TOKEN" },
          "satis-fleet:reviewers": { value: JSON.stringify(["@acme/platform"]) },
          "satis-fleet:delivery": { value: JSON.stringify({ "acme/tool": "pull-request" }) },
        },
      },
      "in a composer repository that exists": {
        repositories: [{ name: "lib" }, { name: "tool" }, { name: "composer" }],
        config: { "satis-fleet:manageRepository": { value: "false" } },
      },
    };
    for (const [name, options] of Object.entries(variants)) {
      test(name, () => inWorld(options, async (world) => expect(await judged(world)).toEqual(LAWFUL)));
    }
  });

  test("a configuration that breaks a rule fails the preview, and nothing is changed", () =>
    inWorld({ config: PUBLIC }, async (world) => {
      const before = JSON.stringify(world.github.snapshot());
      expect(await judged(world)).toEqual({ ok: false, said: [VISIBILITY], levels: ["mandatory"] });
      expect(JSON.stringify(world.github.snapshot())).toBe(before);
    }));

  test("an update without a preview stops before it makes the resource", () =>
    inWorld({ config: PUBLIC }, async (world) => {
      expect(await judged(world, "up")).toMatchObject({ ok: false, said: [VISIBILITY] });
      expect(world.github.repositories).toEqual(["acme/lib", "acme/tool"]);
    }));

  test("the pack's configuration allows it, or lowers the rule's level", () =>
    inWorld({ config: PUBLIC }, async (world) => {
      const judgedWith = async (config: object) => {
        const file = join(world.home, "policy-config.json");
        await writeFile(file, JSON.stringify(config));
        return judged(world, "preview", { policyPackConfigs: [file] });
      };
      const allowing = { "repository-visibility": { allowed: ["public"] } };
      expect(await judgedWith(allowing)).toEqual(LAWFUL);
      expect(await judgedWith({ "repository-visibility": "advisory" })).toEqual({
        ok: true,
        said: [VISIBILITY],
        levels: ["advisory"],
      });
    }));

  test("a custom domain that somebody set without HTTPS is found in the state", () =>
    inWorld({}, async (world) => {
      expect(await judged(world, "up")).toEqual(LAWFUL);
      const response = await fetch(`${world.github.url}repos/acme/composer/pages`, {
        method: "PUT",
        headers: { authorization: "Bearer somebody", "content-type": "application/json" },
        body: JSON.stringify({ cname: "packages.acme.com", https_enforced: false }),
      });
      expect(response.status).toBe(204);
      expect(await judged(world, "preview", { refresh: true })).toMatchObject({
        said: [
          'pages-https | composer-pages | packages.acme.com also answers without HTTPS: turn "Enforce HTTPS" on in the repository\'s Pages settings, or write httpsEnforced: true',
        ],
      });
    }));

  test("a program with faults in its resources is told each of them", async () => {
    const about = new Set(RULES.filter(({ kind }) => kind === "resource").map(({ name }) => name));
    const said = (await lawless("resource")).filter((one) => about.has(one.split(" ")[0] ?? ""));
    expect(said).toEqual(RESOURCE_FAULTS);
  });

  test("a program whose resources do not fit together is told each fault", async () => {
    expect(await lawless("stack")).toEqual(STACK_FAULTS);
  });
});
