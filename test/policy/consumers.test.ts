import { expect, test } from "vitest";
import { parseConfig } from "../../fleet/config.ts";
import { deriveFleet } from "../../fleet/derive.ts";
import { parseSubscriptions } from "../../fleet/subscriptions.ts";
import { REPOSITORY_FILE } from "../../policy/resource.ts";
import { RULES } from "../../policy/rules.ts";
import { consumerFilesOf } from "../../workflows/consumer-files.ts";
import { satisOf, satisText } from "../fleet/support.ts";
import { CONSUMER, child, judge } from "./support/fleet.ts";

test.each(["pages", "private"])(
  "a consumer as the fleet makes it meets every rule, with hosting %s",
  (hosting) => {
    const secrets = ["dispatchToken", "announceToken", "registryToken", "consumerToken"];
    const { config } = parseConfig(
      new Map([
        ["github:owner", "UCF"],
        ["satis-fleet:hosting", hosting],
      ]),
      new Set(secrets.map((name) => `satis-fleet:${name}`)),
    );
    const text = JSON.stringify({
      subscriptions: [
        { repository: "ucf/website", packages: ["*"], token: true },
        { repository: "ucf/website", packages: ["*"], directory: "apps/shop", strategy: "raise" },
      ],
    });
    const { subscriptions } = parseSubscriptions(text, { file: "subscriptions.json" });
    const fleet = config && deriveFleet(satisOf(satisText([])), config, subscriptions).fleet;
    const [consumer] = fleet?.consumers ?? [];
    if (!fleet || !consumer) throw new Error("no fleet");
    const updater = { text: "export {};\n", sha256: "0".repeat(64) };
    const files = consumerFilesOf({ consumer, composer: fleet.composer, updater });
    expect(files).toHaveLength(3);
    const resources = files.map(({ path, content }) =>
      child("consumer", REPOSITORY_FILE, {
        repository: "website",
        file: path,
        content,
        commitMessage: "chore: update",
      }),
    );
    for (const rule of RULES) {
      expect(
        judge(rule, {}, { more: [CONSUMER.component, CONSUMER.token, ...resources] }),
        rule.name,
      ).toEqual([]);
    }
  },
);
