import { access, constants, readFile, realpath } from "node:fs/promises";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { type Finding, quoted, safeText } from "../fleet/findings.ts";
import { type RegistrySettings, registrySettingsSchema } from "../fleet/registry-settings.ts";
import { parseSatis, readSatis, type Satis } from "../fleet/satis.ts";
import type { Environment } from "./environment.ts";
import { type Fault, PublishError } from "./fault.ts";
import { run } from "./process.ts";
import { composerFinding, isOlder, OLDEST } from "./program-version.ts";
import { satisCommand } from "./satis-program.ts";
import { openTree } from "./tree.ts";

/** What a run is about to use. */
export interface PreflightOptions {
  readonly environment: Environment;
  /** Absent for commands that do not read it. */
  readonly satisFile?: string | undefined;
  readonly settingsFile: string;
  /** Directories that may not be there yet. */
  readonly staged: string;
  readonly published: string;
  /** Path of Satis; absent for commands that do not build. @default SATIS_BIN of the environment */
  readonly satisBin?: string;
  /** Whether this run builds, and so needs Satis. @default true */
  readonly builds?: boolean;
}

/** What was found; `satis` and `settings` where the files are without fault. */
export interface Preflight {
  readonly faults: readonly Fault[];
  readonly warnings: readonly Fault[];
  readonly satis?: Satis;
  readonly settings?: RegistrySettings;
}

/** Found things, split by {@link preflight} into faults and warnings. */
type Found = Fault & { readonly severity: "fault" | "warning" };

/**
 * Looks at everything that a run depends on before it does any work, and tells all faults at once. Changes nothing.
 *
 * Programs are asked for their versions only; PHP only where Satis is a PHP program.
 */
export async function preflight(options: PreflightOptions): Promise<Preflight> {
  const { environment, builds = true } = options;
  const { settings, found: settingsFound } = await readSettings(options.settingsFile);
  const { satis, found: satisFound } = await readSatisFile(options.satisFile, settings);
  const found = [
    ...(await directoryFaults(options)),
    ...settingsFound,
    ...satisFound,
    ...(await gitFaults(environment)),
    ...(builds ? await satisFaults(options) : []),
    ...(builds ? await composerFindings(environment) : []),
  ];
  const only = (wanted: Found["severity"]) =>
    found.filter(({ severity }) => severity === wanted).map(({ severity: _, ...fault }) => fault);
  return {
    faults: only("fault"),
    warnings: only("warning"),
    ...(satis === undefined ? {} : { satis }),
    ...(settings === undefined ? {} : { settings }),
  };
}

function fault(message: string, remedy: string): Found {
  return { severity: "fault", by: "preflight", message: safeText(message), remedy };
}

async function directoryFaults({ staged, published }: PreflightOptions): Promise<Found[]> {
  const [a, b] = await Promise.all([realPath(staged), realPath(published)]);
  const found: Found[] = [];
  const remedy = "name two directories beside each other";
  if (a === b) found.push(fault(`staged and published directory are one: ${quoted(a)}`, remedy));
  else if (isInside(a, b) || isInside(b, a)) {
    const message = `${quoted(isInside(a, b) ? a : b)} lies inside ${quoted(isInside(a, b) ? b : a)}`;
    found.push(fault(message, remedy));
  }
  for (const directory of a === b ? [staged] : [staged, published]) {
    found.push(...(await treeFaults(directory)));
  }
  return found;
}

/** The path without symbolic links; of one that is not there yet, as far as it is. */
async function realPath(path: string): Promise<string> {
  const whole = resolve(path);
  try {
    return await realpath(whole);
  } catch {
    return dirname(whole) === whole ? whole : join(await realPath(dirname(whole)), basename(whole));
  }
}

function isInside(inner: string, outer: string): boolean {
  const way = relative(outer, inner);
  return way !== "" && way !== ".." && !way.startsWith(`..${sep}`);
}

async function treeFaults(directory: string): Promise<Found[]> {
  try {
    await openTree(directory);
    return [];
  } catch (error) {
    if (error instanceof PublishError) {
      return error.faults.map((one) => fault(`${quoted(directory)}: ${one.message}`, one.remedy));
    }
    if (codeOf(error) === "ENOENT") return [];
    const message = `${quoted(directory)} cannot be read (${codeOf(error)})`;
    return [fault(message, "name a directory that this user may read and write")];
  }
}

async function readSettings(file: string): Promise<{ settings?: RegistrySettings; found: Found[] }> {
  const remedy = "let the control plane write it again: pulumi up";
  const failed = (message: string) => ({ found: [fault(`${quoted(file)} ${message}`, remedy)] });
  let document: unknown;
  try {
    document = JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    if (error instanceof SyntaxError) return failed("is not valid JSON");
    return failed(codeOf(error) === "ENOENT" ? "does not exist" : `cannot be read (${codeOf(error)})`);
  }
  const { data: settings, error } = registrySettingsSchema.safeParse(document);
  if (settings !== undefined) return { settings, found: [] };
  return {
    found: error.issues.map(({ path, message }) =>
      fault(`${quoted(file)}: ${path.join(".")}: ${message}`, remedy),
    ),
  };
}

/** URLs are judged by the fleet's GitHub, so again with its host where that is another. */
async function readSatisFile(
  file: string | undefined,
  settings: RegistrySettings | undefined,
): Promise<{ satis?: Satis; found: Found[] }> {
  if (file === undefined) return { found: [] };
  const first = readSatis(file);
  const { satis, findings } =
    first.satis === undefined || settings === undefined
      ? first
      : parseSatis(first.satis.text, { file, githubHost: settings.githubHost });
  const found = findings.map((finding) => ({
    severity: finding.severity,
    by: "preflight",
    message: safeText(`${placeOf(finding)}: ${finding.message}`),
    remedy: finding.remedy,
  }));
  return { ...(satis === undefined ? {} : { satis }), found };
}

function placeOf({ file, line, column }: Finding): string {
  return [file, line, column].filter((part) => part !== undefined).join(":");
}

/** Programs answer within seconds; one that does not would hold up the run later. */
const TIMEOUT_MS = 30_000;

async function ask(
  { variables }: Environment,
  program: string,
  args: readonly string[],
): Promise<{ readonly said: string; readonly failed?: string }> {
  // No secret is in reach of a program that is only asked for its version.
  const env = { PATH: variables.PATH, HOME: variables.HOME, COMPOSER_ALLOW_SUPERUSER: "1", NO_COLOR: "1" };
  const { code, stdout, stderr, error } = await run(program, args, { env, timeout: TIMEOUT_MS });
  if (code === 0) return { said: stdout.trim() };
  const [line = ""] = stderr.trim().split("\n");
  return { said: "", failed: error ?? `exit code ${code}: ${quoted(line)}` };
}

async function gitFaults(environment: Environment): Promise<Found[]> {
  const remedy = `install git ${OLDEST.git} or later`;
  const { said, failed } = await ask(environment, "git", ["--version"]);
  if (failed !== undefined) return [fault(`git does not run: ${failed}`, remedy)];
  return isOlder(said, OLDEST.git) ? [fault(`${quoted(said)} is too old`, remedy)] : [];
}

async function satisFaults({ environment, satisBin }: PreflightOptions): Promise<Found[]> {
  const bin = satisBin ?? environment.variables.SATIS_BIN;
  const remedy = "set SATIS_BIN to the path of Satis";
  if (bin === undefined || bin === "") return [fault("nobody says where Satis is", remedy)];
  try {
    await access(bin, constants.R_OK);
  } catch {
    return [fault(`there is no Satis at ${quoted(bin)}`, remedy)];
  }
  const { program, args, php } = await satisCommand(bin);
  const phpFound = php ? await phpFaults(environment) : [];
  // Without its PHP Satis cannot answer, and to say so twice helps nobody.
  if (phpFound.length > 0) return phpFound;
  const { said, failed } = await ask(environment, program, [...args, "--version", "--no-ansi"]);
  if (failed !== undefined) return [fault(`Satis does not run: ${failed}`, remedy)];
  if (/^(?:Composer )?Satis v?\d+\.\d+/im.test(said)) return [];
  return [fault(`${quoted(bin)} answers ${quoted(said)}, which is no version of Satis`, remedy)];
}

async function phpFaults(environment: Environment): Promise<Found[]> {
  const remedy = `install PHP ${OLDEST.php} or later, which Satis needs`;
  const { said, failed } = await ask(environment, "php", ["-r", "echo PHP_VERSION;"]);
  if (failed !== undefined) return [fault(`PHP does not run: ${failed}`, remedy)];
  return isOlder(said, OLDEST.php) ? [fault(`PHP ${quoted(said)} is too old`, remedy)] : [];
}

async function composerFindings(environment: Environment): Promise<Found[]> {
  const { said, failed } = await ask(environment, "composer", [
    "--version",
    "--no-ansi",
    "--no-interaction",
    "--no-plugins",
  ]);
  if (failed !== undefined) {
    const message = safeText(`there is no Composer to try the registry with: ${failed}`);
    return [{ severity: "warning", by: "preflight", message, remedy: "install Composer on the PATH" }];
  }
  const finding = composerFinding(said, environment.readToken !== undefined);
  return finding === undefined ? [] : [{ by: "preflight", ...finding, message: safeText(finding.message) }];
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown error";
}
