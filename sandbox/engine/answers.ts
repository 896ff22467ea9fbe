/** Providers' answers and failures, as the engine keeps and words them. */
import {
  PartialFailure,
  type Properties,
  ProviderError,
  type ResourceState,
  UNKNOWN,
} from "../provider/types.ts";
import type { State } from "./state.ts";
import type { Operation } from "./steps.ts";
import { annotateSecrets, markSecret, plain } from "./values.ts";

/** A create or update that failed after it changed something: its state is written all the same. */
export class InitFailure extends Error {}

/** The provider's answer as the engine keeps it: secrets of the inputs, of the type and of the program marked. */
export function outputsOf(
  answer: Properties,
  inputs: Properties,
  secretOutputs: readonly string[],
  state: State,
) {
  const outputs = markSecret(annotateSecrets(answer, inputs), secretOutputs);
  return markSecret(outputs, state.additionalSecretOutputs);
}

export function asResourceState(state: State): ResourceState {
  return { id: state.id, outputs: plain(state.outputs ?? {}), inputs: plain(state.inputs) };
}

/**
 * Tells what the provider logged, and words its failure as Pulumi does: `deleting URN: 1 error occurred: ...`.
 * A create that left nothing behind names no URN.
 */
export function explain(operation: Operation, state: State, verb: string, error: unknown): unknown {
  if (!(error instanceof ProviderError)) return error;
  const version = operation.providers.state(state.provider)?.inputs.version ?? "";
  const name = state.type.split(":")[0] ?? "";
  const log = `  sdk.helper_schema: ${error.detail}: provider=${name}@${version}`;
  operation.events.diagnostic("error", log, state.urn);
  const bare = verb === "creating" && !(error instanceof PartialFailure);
  return new Error(bare ? error.message : `${verb} ${state.urn}: ${error.message}`, { cause: error });
}

/** Runs a create or update of a provider and keeps what a partial failure left behind. */
export async function take(
  operation: Operation,
  state: State,
  verb: "creating" | "updating",
  secretOutputs: readonly string[],
  call: () => Promise<ResourceState>,
): Promise<InitFailure | undefined> {
  const keep = (answer: ResourceState) => {
    state.id = answer.id === UNKNOWN ? "" : answer.id;
    state.outputs = outputsOf(answer.outputs, state.inputs, secretOutputs, state);
  };
  try {
    keep(await call());
    return undefined;
  } catch (error) {
    const reason = explain(operation, state, verb, error);
    if (!(error instanceof PartialFailure)) throw reason;
    keep(error.state);
    state.initErrors = [(reason as Error).message];
    return new InitFailure(`1 error occurred:\n\t* ${(reason as Error).message}\n\n`);
  }
}
