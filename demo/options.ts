import { type ParseArgsConfig, parseArgs } from "node:util";

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
