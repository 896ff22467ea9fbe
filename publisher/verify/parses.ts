import { quoted } from "../../fleet/findings.ts";
import type { Fault } from "../fault.ts";
import type { Gate } from "./gate.ts";
import { readMetadata } from "./metadata.ts";

/** packages.json and every file that it leads to parse; see {@link Gate.guarantees}. */
export const parses: Gate = {
  name: "parses",
  guarantees:
    "packages.json, its include files (by their sha1) and every file in p2/ have the shape that Composer reads, and metadata-url is where the registry is served",
  async check({ tree, settings }) {
    const { root, faults } = await readMetadata(tree);
    const wrongUrl: Fault[] =
      root === undefined || settings === undefined || root.metadataUrl === settings.metadataUrl
        ? []
        : [
            {
              by: "parses",
              message: `metadata-url is ${quoted(root.metadataUrl)}, and the registry is served at ${quoted(settings.metadataUrl)}`,
              remedy:
                "build everything again; if it stays, check homepage in satis.json and satis-fleet:hosting",
            },
          ];
    return [...faults, ...wrongUrl];
  },
};
