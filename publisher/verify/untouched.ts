import { quoted } from "../../fleet/findings.ts";
import type { Fault } from "../fault.ts";
import { inParallel } from "../parallel.ts";
import { packageFiles } from "../tree.ts";
import { isHeld, packageFault } from "./context.ts";
import type { Gate } from "./gate.ts";
import { packageOf } from "./metadata.ts";

const FILES_AT_ONCE = 16;

/** Packages that nobody built are byte for byte what they were; what is held counts among them, built or not. */
export const untouched: Gate = {
  name: "untouched",
  guarantees:
    "the files of every package that was not rebuilt, or is held, are byte for byte the published ones",
  async check(candidate) {
    const { tree, published, rebuilt } = candidate;
    if (rebuilt === undefined || published === undefined) return [];
    const names = new Set(tree.files.map(packageOf).filter((name) => name !== undefined));
    const same = [...names].filter((name) => !rebuilt.has(name) || isHeld(candidate, name));
    const faults = await inParallel(same, FILES_AT_ONCE, async (name): Promise<Fault | undefined> => {
      for (const path of packageFiles(name)) {
        if (!tree.has(path)) continue;
        const message = published.has(path)
          ? `${quoted(path)} changed although the package was not rebuilt`
          : `${quoted(path)} is new although the package was not rebuilt`;
        if (!published.has(path) || !(await tree.read(path)).equals(await published.read(path)))
          return packageFault("untouched", name, message, "build everything again");
      }
      return undefined;
    });
    return faults.filter((fault) => fault !== undefined);
  },
};
