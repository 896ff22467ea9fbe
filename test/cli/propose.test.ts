import { describe, expect, test } from "vitest";
import { wantedProposals } from "../../cli/propose/wanted.ts";
import { UPDATE_WORKFLOW_PATH, UPDATER_PATH } from "../../fleet/announcement.ts";
import { parseConfig } from "../../fleet/config.ts";
import { deriveFleet } from "../../fleet/derive.ts";
import { parseSatis } from "../../fleet/satis.ts";
import { NOTIFY_PATH } from "../../workflows/notify.ts";
import { satisOf } from "../support/teller.ts";

const FOLDER_WORKFLOW = ".github/workflows/update-composer-packages-apps-web.yml";

/** What the last update has put into the state: its components. */
const STATE = {
  resources: [
    component("PackageNotifier", "lib", "commit"),
    component("PackageNotifier", "tool", "pull-request"),
    component("ConsumerUpdater", "website", "pull-request", [UPDATER_PATH, FOLDER_WORKFLOW]),
    component("ConsumerUpdater", "shop", "commit", [UPDATER_PATH, UPDATE_WORKFLOW_PATH]),
  ],
};

function component(type: string, repository: string, delivery: string, files?: readonly string[]) {
  return { type: `satisfleet:index:${type}`, inputs: { repository, delivery, ...(files && { files }) } };
}

/** What a fleet that has one package left, and no consumer, proposes to take away. */
function removals(...only: readonly string[]) {
  const values = new Map([["github:owner", "acme"]]);
  const { config } = parseConfig(values, new Set(["github:token", "satis-fleet:dispatchToken"]));
  const { satis } = parseSatis(satisOf("lib"), { file: "satis.json" });
  const fleet = satis && config && deriveFleet(satis, config).fleet;
  if (!(fleet && config)) throw new Error("the test's fleet is wrong");
  const wanted = wantedProposals(fleet, config, STATE, only).filter(({ removal }) => removal);
  return wanted.map(({ id, role, files }) => [id, role, files.map(({ path }) => path)]);
}

describe("what left the fleet", () => {
  const tool = ["acme/tool", "notify", [NOTIFY_PATH]];
  const website = ["acme/website", "update", [UPDATER_PATH, FOLDER_WORKFLOW]];

  test("is proposed to lose what the last update's state says it has, where it takes pull requests only", () => {
    expect(removals()).toEqual([tool, website]);
  });

  test("is when it is named, too, and whatever its delivery", () => {
    expect(removals("acme/website")).toEqual([website]);
    expect(removals("Acme/Tool")).toEqual([tool]);
    expect(removals("acme/shop")).toEqual([["acme/shop", "update", [UPDATER_PATH, UPDATE_WORKFLOW_PATH]]]);
  });

  test("is looked at for all that it may have where nothing is known of it any more", () => {
    expect(removals("acme/forgotten")).toEqual([
      ["acme/forgotten", "notify", [NOTIFY_PATH]],
      ["acme/forgotten", "update", [UPDATER_PATH, UPDATE_WORKFLOW_PATH]],
    ]);
  });

  test("is nothing that is still in it", () => {
    expect(removals("acme/lib")).toEqual([]);
  });
});
