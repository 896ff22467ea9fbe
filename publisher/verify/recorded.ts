import { quoted } from "../../fleet/findings.ts";
import type { Fault } from "../fault.ts";
import { inParallel } from "../parallel.ts";
import { parseRecord, RECORD_FILE } from "../record.ts";
import { sha256 } from "../tree.ts";
import { packageFault } from "./context.ts";
import type { Gate } from "./gate.ts";
import { packageOf } from "./metadata.ts";

const FILES_AT_ONCE = 16;
const REMEDY = "build everything again: the published files are not those that were verified";

/**
 * The files of a published tree are those that its own build.json recorded.
 *
 * For a tree by itself only: build.json of a staged tree is written after the gates.
 */
export const recorded: Gate = {
  name: "recorded",
  guarantees:
    "a published tree's files have the digests that its build.json recorded, and build.json names them all",
  async check({ tree, plan }) {
    if (plan !== undefined || !tree.has(RECORD_FILE)) return [];
    const record = parseRecord((await tree.read(RECORD_FILE)).toString("utf8"));
    if (record === undefined)
      return [{ by: "recorded", message: `${RECORD_FILE} is none of this program`, remedy: REMEDY }];
    const digests = new Map(Object.values(record.packages).flatMap(({ files }) => Object.entries(files)));
    const there = tree.files.filter((path) => packageOf(path) !== undefined);
    const paths = [...new Set([...digests.keys(), ...there])];
    const faults = await inParallel(paths, FILES_AT_ONCE, async (path): Promise<Fault | undefined> => {
      const digest = tree.has(path) ? sha256(await tree.read(path)) : undefined;
      if (digest === digests.get(path)) return undefined;
      const message =
        digest === undefined ? `${quoted(path)} is not there` : `${quoted(path)} is not as it was built`;
      return packageFault("recorded", packageOf(path) ?? path, message, REMEDY);
    });
    return faults.filter((fault) => fault !== undefined);
  },
};
