/** What a stack is to the commands, whichever engine runs it. */
import type {
  Deployment,
  EngineEvent,
  ImportResource,
  OpMap,
  OutputMap,
} from "@pulumi/pulumi/automation/index.js";
import type { StackLock } from "../locks.ts";

/** Which engine runs the program: the Pulumi CLI, or the small one of the sandbox. */
export type EngineName = "pulumi" | "sandbox";

/** One value of the stack's configuration. */
export interface ConfigEntry {
  readonly value: string;
  readonly secret?: boolean;
}

/** Where and with what a stack runs. */
export interface StackSettings {
  /** Stack name, such as `dev`. */
  readonly stack: string;
  /** The project's folder: Pulumi.yaml and the stack's configuration; on the sandbox the state, too. */
  readonly home: string;
  /** Environment of the engine, such as `PULUMI_BACKEND_URL`, beside this process's own. */
  readonly env?: Readonly<Record<string, string>>;
  /** Save state only at the end of an update: cost is linear, a kill loses what was done. @default false */
  readonly skipCheckpoints?: boolean;
  /** A stack that is not there is an error, instead of being made. @default false */
  readonly mustExist?: boolean;
}

/** Options of one run; the same meaning on both engines. */
export interface RunOptions {
  readonly refresh?: boolean;
  readonly target?: string[];
  readonly replace?: string[];
  readonly expectNoChanges?: boolean;
  readonly parallel?: number;
  /** `destroy` with delete hooks needs the program. */
  readonly runProgram?: boolean;
  /** `refresh` forgets the creates that a killed update left pending, which nothing else does. */
  readonly clearPendingCreates?: boolean;
  /** `up` goes on with what does not depend on a failed resource; it fails all the same. */
  readonly continueOnError?: boolean;
  /** Folders of policy packs. */
  readonly policyPacks?: string[];
  /** Files of configuration (JSON), one for each pack, in their order. */
  readonly policyPackConfigs?: string[];
  readonly onEvent?: (event: EngineEvent) => void;
  readonly signal?: AbortSignal;
}

/** How many resources each operation concerned, as the engine's summary counts them. */
export interface RunResult {
  readonly operations: OpMap;
}

/** A run that failed: the engine's own words, secrets already hidden by it. */
export class RunFailure extends Error {
  override readonly name = "RunFailure";
  readonly operations: OpMap;
  constructor(message: string, operations: OpMap) {
    super(message);
    this.operations = operations;
  }
}

/** One resource of the document that `pulumi import --file` takes: its `parent` and `provider` are names of other entries or of the name table. */
export type ImportEntry = Readonly<
  Pick<ImportResource, "type" | "name" | "id" | "parent" | "provider" | "component">
>;

/** The document that `pulumi import --file` takes. */
export interface ImportDocument {
  /** URNs of what is in the state already, by the names that entries use. */
  readonly nameTable: Readonly<Record<string, string>>;
  readonly resources: readonly ImportEntry[];
}

/** The four runs of a stack, each counted. @throws RunFailure */
export interface CountedRuns {
  preview(options?: RunOptions): Promise<RunResult>;
  up(options?: RunOptions): Promise<RunResult>;
  refresh(options?: RunOptions): Promise<RunResult>;
  destroy(options?: RunOptions): Promise<RunResult>;
}

/** A stack on either engine, after the Automation API's `Stack`. */
export interface FleetStack extends CountedRuns {
  outputs(): Promise<OutputMap>;
  exportStack(): Promise<Deployment>;
  importStack(deployment: Deployment): Promise<void>;
  /** Takes resources that exist over into the state: `pulumi import --file`. */
  importResources(document: ImportDocument): Promise<void>;
  /** All of the stack's configuration, secrets in clear. */
  config(): Promise<Readonly<Record<string, ConfigEntry>>>;
  /** Sets configuration over what is there. */
  configure(config: Readonly<Record<string, ConfigEntry>>): Promise<void>;
  /** Removes the lock that a killed update left behind. */
  cancel(): Promise<void>;
  /** Who holds the stack's lock; `undefined` where the backend does not tell before an update starts. */
  locks(): Promise<readonly StackLock[] | undefined>;
}

/** The project's name, as in Pulumi.yaml. */
export const PROJECT = "satis-fleet";

/** The file that makes a folder a project. */
export const PROJECT_FILE = "Pulumi.yaml";

/** Name of the file with a stack's configuration: a stack of Pulumi Cloud may be named with its organization and project, its file is not. */
export function stackFileOf(stack: string): string {
  return `Pulumi.${stack.slice(stack.lastIndexOf("/") + 1)}.yaml`;
}
