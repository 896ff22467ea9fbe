import { describe, expect, test } from "vitest";
import { parseConfig } from "../../fleet/config.ts";
import { consumerTokens, REGISTRY_TOKEN_SECRET, UPDATE_TOKEN_SECRET } from "../../fleet/consumers.ts";
import { deriveFleet } from "../../fleet/derive.ts";
import { formatFinding } from "../../fleet/findings.ts";
import { parseSubscriptions } from "../../fleet/subscriptions.ts";
import { UPDATE_SECRETS } from "../../workflows/update.ts";
import { faults, satisOf, satisText, vcs, warnings } from "./support.ts";

const SITE = { repository: "UCF/Website", packages: ["ucf/*"] };
const ANNOUNCES = ["announceToken"];

function derive(list: readonly object[], secrets = ANNOUNCES, values: Readonly<Record<string, string>> = {}) {
  const all = new Map(Object.entries({ "github:owner": "UCF", ...values }));
  const set = new Set(["dispatchToken", ...secrets].map((name) => `satis-fleet:${name}`));
  const { config, findings } = parseConfig(all, set);
  const { subscriptions } = parseSubscriptions(JSON.stringify({ subscriptions: list }), {
    file: "subscriptions.json",
  });
  if (!config || !subscriptions) throw new Error(JSON.stringify(findings));
  const satis = satisOf(satisText([vcs("https://github.com/ucf/lib")]));
  return deriveFleet(satis, config, subscriptions);
}

describe("consumers", () => {
  test("are none without subscriptions, and need no token then", () => {
    const { fleet, findings } = derive([], []);
    expect([fleet?.consumers, findings]).toEqual([[], []]);
  });

  test("are one for each repository, with what the fleet keeps there", () => {
    const { fleet, findings } = derive(
      [
        SITE,
        { ...SITE, directory: "shop", token: true },
        { repository: "ucf/lib", packages: ["*"], dispatch: { workflow: "own.yml" } },
      ],
      ["announceToken", "consumerToken"],
      { "satis-fleet:delivery": '{"ucf/website": "pull-request"}' },
    );
    expect(findings).toEqual([]);
    expect(fleet?.consumers).toMatchObject([
      { id: "ucf/lib", updated: [], dispatched: [{ id: "ucf/lib" }], secretNames: [], delivery: "commit" },
      {
        id: "ucf/website",
        repository: "website",
        delivery: "pull-request",
        updated: [{ id: "ucf/website" }, { id: "ucf/website/shop" }],
        secretNames: [UPDATE_TOKEN_SECRET],
        workflowPermissions: "read",
      },
    ]);
    expect(fleet?.consumers[0]).not.toHaveProperty("workflowPermissions");
    expect(fleet?.consumers[1]?.updated[0]).not.toHaveProperty("line");
  });

  test("get no right that they do not need", () => {
    const own = derive([{ ...SITE, token: true }], ["announceToken", "consumerToken"]).fleet?.consumers[0];
    expect(own).not.toHaveProperty("workflowPermissions");
    const left = derive([{ ...SITE, workflowPermissions: "unmanaged" }]).fleet?.consumers[0];
    expect(left).not.toHaveProperty("workflowPermissions");
  });

  test("read a private registry with a token", () => {
    const values = { "satis-fleet:hosting": "private" };
    expect(derive([SITE], ["announceToken", "registryToken"], values).fleet?.consumers).toMatchObject([
      { secretNames: [REGISTRY_TOKEN_SECRET] },
    ]);
    expect(derive([SITE], ANNOUNCES, values).findings.map(formatFinding)).toEqual([
      "stack config: fault: satis-fleet:registryToken is missing, and consumers read a registry with hosting private: pulumi config set --secret satis-fleet:registryToken",
    ]);
  });

  test("have the secrets that their workflow names", () => {
    expect(UPDATE_SECRETS).toEqual({ registry: REGISTRY_TOKEN_SECRET, pullRequests: UPDATE_TOKEN_SECRET });
  });

  test("of another owner, the composer repository, and settings at odds are faults, all at once", () => {
    const { fleet, findings } = derive(
      [
        { ...SITE, repository: "acme/site" },
        { ...SITE, repository: "ucf/packages" },
        { ...SITE, workflowPermissions: "write" },
        { ...SITE, directory: "shop" },
        { ...SITE, directory: "blog", token: true },
      ],
      [],
    );
    expect(fleet).toBeUndefined();
    expect(faults(findings)).toEqual([
      "acme/site does not belong to UCF",
      "ucf/packages is the composer repository itself",
      "the subscriptions of ucf/website differ in workflowPermissions, which a repository has once",
      "satis-fleet:announceToken is missing, and subscriptions.json has subscriptions",
      "satis-fleet:consumerToken is missing, and a subscription has token true",
    ]);
  });

  test("are told of: a token that reaches nobody, a public repository that names them", () => {
    const { findings } = derive([SITE], ["announceToken", "registryToken"], {
      "satis-fleet:visibility": "public",
    });
    expect(warnings(findings)).toEqual([
      "satis-fleet:registryToken is not used by any subscription",
      "the composer repository is public, and its copy of subscriptions.json names the consumers",
    ]);
  });

  test("may be renamed, and named by the delivery, though they are no package", () => {
    const { fleet, findings } = derive([SITE], ANNOUNCES, {
      "satis-fleet:renames": '{"ucf/site": "ucf/website"}',
      "satis-fleet:delivery": '{"ucf/website": "pull-request", "ucf/websiet": "commit"}',
    });
    expect(fleet?.consumers[0]?.renamedFrom).toBe("ucf/site");
    expect(warnings(findings)).toEqual([
      "satis-fleet:delivery names ucf/websiet, which is no managed package",
    ]);
  });
});

describe("tokens of consumers", () => {
  const { fleet } = derive(
    [
      { ...SITE, token: true },
      { ...SITE, repository: "ucf/shop", token: true },
      { ...SITE, repository: "ucf/blog" },
    ],
    ["announceToken", "consumerToken"],
  );
  const consumers = fleet?.consumers ?? [];
  const said = (value: string, of = consumers) => {
    const { tokens, findings } = consumerTokens(value, of);
    expect(JSON.stringify(findings)).not.toContain("s3cret");
    return [Object.fromEntries(tokens), findings.map(({ message }) => message)];
  };

  test("are one where one consumer has one, and an object with one each where several have", () => {
    const one = consumers.filter(({ id }) => id !== "ucf/shop");
    expect(said("s3cret", one)).toEqual([{ "ucf/website": "s3cret" }, []]);
    expect(said('{"UCF/Website": "s3cret-1", "ucf/shop": "s3cret-2"}')).toEqual([
      { "ucf/website": "s3cret-1", "ucf/shop": "s3cret-2" },
      [],
    ]);
  });

  test.each([
    [
      "s3cret",
      "satis-fleet:consumerToken is one token for 2 consumers (ucf/shop, ucf/website): write an object with a token each",
    ],
    ['{"ucf/shop": "s3cret"}', "satis-fleet:consumerToken has no token for ucf/website"],
    [
      '{"ucf/shop": "s3cret", "ucf/website": "s3cret"}',
      "satis-fleet:consumerToken has one token twice: each consumer has its own",
    ],
    ['{"ucf/shop": "s3cret"', "satis-fleet:consumerToken is no object of tokens by owner/repository"],
    ['{"ucf/shop": ["s3cret"]}', "satis-fleet:consumerToken is no object of tokens by owner/repository"],
  ])("%s is refused", (value, message) => {
    expect(said(value)).toEqual([{}, [message]]);
  });

  test("go to nobody else, and a name that takes none is told of", () => {
    expect(said('{"ucf/website": "s3cret-1", "ucf/shop": "s3cret-2", "ucf/blog": "s3cret-3"}')).toEqual([
      { "ucf/website": "s3cret-1", "ucf/shop": "s3cret-2" },
      ['satis-fleet:consumerToken names "ucf/blog", whose subscription has not token true'],
    ]);
  });
});
