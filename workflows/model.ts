import type { ActionPin } from "./pins.ts";

/** Rights of the job's own token; whatever is not named is none. */
export type Permissions = Readonly<
  Partial<
    Record<"actions" | "contents" | "id-token" | "issues" | "pages" | "pull-requests", "read" | "write">
  >
>;

/** Values by name; a text may hold `${{ }}` expressions, so outside text goes through `literal` first. */
export type Values = Readonly<Record<string, string | number | boolean>>;

interface StepBase {
  readonly name: string;
  readonly id?: string;
  readonly if?: string;
  readonly env?: Values;
}

/** A step that runs a pinned action. */
export interface ActionStep extends StepBase {
  readonly uses: ActionPin;
  readonly with?: Values;
}

/** A step that runs a script. It holds no `${{ }}`: every value arrives through `env`. */
export interface ScriptStep extends StepBase {
  readonly shell: "bash";
  readonly run: string;
}

export type Step = ActionStep | ScriptStep;

/** Runs that share a group wait for each other. */
export interface Concurrency {
  readonly group: string;
  readonly "cancel-in-progress": boolean;
  /** Runs that wait: `max` keeps up to 100, without it a newer one takes the place of the one that waits. */
  readonly queue?: "max";
}

/** The environment whose rules and secrets a job gets; without `deployment`, each run counts as a deployment. */
export interface Environment {
  readonly name: string;
  readonly url?: string;
  readonly deployment?: boolean;
}

/** A job with steps of its own. */
export interface StepsJob {
  readonly name: string;
  readonly needs?: string | readonly string[];
  readonly if?: string;
  readonly "runs-on": string;
  /** Minutes after which GitHub ends the job. */
  readonly "timeout-minutes": number;
  readonly permissions: Permissions;
  readonly environment?: Environment;
  readonly concurrency?: Concurrency;
  readonly outputs?: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
}

/** A job that calls a reusable workflow of the same repository and commit. */
export interface CallJob {
  readonly name: string;
  readonly uses: `./.github/workflows/${string}`;
  readonly permissions: Permissions;
  readonly with?: Values;
  readonly secrets?: "inherit" | Readonly<Record<string, string>>;
}

export type Job = StepsJob | CallJob;

interface CallInput {
  readonly description: string;
  readonly required: boolean;
  readonly type: "string" | "boolean";
  readonly default?: string | boolean;
}

/** Events that start a workflow; `{}` is an event without filters. */
export interface Triggers {
  readonly schedule?: readonly { readonly cron: string }[];
  readonly push?: {
    readonly branches?: readonly string[];
    readonly tags?: readonly string[];
    readonly paths?: readonly string[];
    readonly "paths-ignore"?: readonly string[];
  };
  readonly release?: { readonly types: readonly string[] };
  readonly delete?: Readonly<Record<string, never>>;
  readonly workflow_dispatch?: { readonly inputs?: Readonly<Record<string, CallInput>> };
  readonly workflow_call?: {
    readonly inputs?: Readonly<Record<string, CallInput>>;
    readonly secrets?: Readonly<Record<string, { readonly description: string; readonly required: boolean }>>;
  };
}

/** A workflow file as data; `renderWorkflow` makes it text. */
export interface Workflow {
  /** Lines for the file's header, after the one that says who manages it. */
  readonly header?: readonly string[];
  readonly name: string;
  readonly on: Triggers;
  /** Always `{}`: each job asks for what it needs. */
  readonly permissions: Readonly<Record<string, never>>;
  readonly concurrency?: Concurrency;
  readonly jobs: Readonly<Record<string, Job>>;
}
