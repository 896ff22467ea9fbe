import { type ParseArgsConfig, parseArgs } from "node:util";
import { type EngineName, findPulumi } from "../cli/engine.ts";

/** Node's `parseArgs`, but an unknown option is one line on standard error and exit code 1, no stack trace. */
export function parseOptions<const T extends NonNullable<ParseArgsConfig["options"]>>(
  options: T,
): ReturnType<typeof parseArgs<{ options: T }>>["values"] {
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n--help lists the options.`);
    process.exit(1);
  }
}

/** The options that every demonstration has. */
export const DEMO_OPTIONS = {
  engine: { type: "string" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

/** The engine that was asked for, else Pulumi where one is on the PATH; `name` is for people. @throws for one that is not there. */
export async function chooseEngine(wanted?: string): Promise<{ engine: EngineName; name: string }> {
  if (wanted !== undefined && wanted !== "pulumi" && wanted !== "sandbox")
    throw new Error(`--engine ${wanted}: sandbox or pulumi`);
  const version = wanted === "sandbox" ? undefined : await findPulumi();
  if (version) return { engine: "pulumi", name: `Pulumi ${version}` };
  if (wanted === "pulumi") throw new Error("--engine pulumi: no pulumi on the PATH");
  return {
    engine: "sandbox",
    name: wanted ? "the sandbox's own" : "the sandbox's own: no pulumi on the PATH",
  };
}
