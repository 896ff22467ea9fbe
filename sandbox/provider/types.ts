/**
 * What the sandbox engine asks of a provider: the part of Pulumi's `ResourceProvider` protocol that this program needs, in process.
 *
 * Property values are plain JSON. A value that is not known yet in a preview is {@link UNKNOWN}. Secrets arrive unwrapped:
 * the engine wraps again what was secret in the inputs and what {@link ResourceType.secretOutputs} names.
 */
export type PropertyValue =
  | null
  | boolean
  | number
  | string
  | readonly PropertyValue[]
  | { readonly [key: string]: PropertyValue };
export type Properties = { readonly [key: string]: PropertyValue };

/** Pulumi's own wire sentinel for a string that a preview does not know yet. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** A failed input check: `reason` is the real provider's text. */
export interface CheckFailure {
  readonly property: string;
  readonly reason: string;
}

/** How inputs differ from the state. */
export interface Diff {
  readonly changes: boolean;
  /** Changed input properties, as paths (`source.branch`). */
  readonly diffs: readonly string[];
  /** Properties that force a replacement; `__meta` where the real provider says so. */
  readonly replaces: readonly string[];
}

/** What a provider read or wrote: identity and outputs; `inputs` only from an import or refresh. */
export interface ResourceState {
  readonly id: string;
  readonly outputs: Properties;
  readonly inputs?: Properties;
}

/**
 * A failure as the real provider words it: `message` is the answer to the engine, `detail` the bare text.
 *
 * Pulumi prints it twice: the provider logs `sdk.helper_schema: DETAIL: provider=github@6.15.0`, and the engine shows the
 * message, with `updating URN: ` (diffing, refreshing, deleting; creating when something was half made) before it.
 */
export class ProviderError extends Error {
  override readonly name: string = "ProviderError";
  readonly detail: string;
  constructor(detail: string) {
    super(`1 error occurred:\n\t* ${detail}\n\n`);
    this.detail = detail;
  }
}

/** A create or update that failed after it had changed something: the state to keep, and why. */
export class PartialFailure extends ProviderError {
  override readonly name = "PartialFailure";
  readonly state: ResourceState;
  constructor(detail: string, state: ResourceState) {
    super(detail);
    this.state = state;
  }
}

/** One resource type of a provider. Methods throw {@link ProviderError}. */
export interface ResourceType {
  /** Outputs the real provider marks secret. */
  readonly secretOutputs: readonly string[];
  /**
   * Validates inputs and fills defaults in; unknown values pass. `olds` are the inputs in the state, `name` is the
   * resource's logical name, which the real texts carry.
   */
  check(
    olds: Properties | undefined,
    news: Properties,
    randomSeed: Buffer,
    name?: string,
  ): Promise<{ inputs: Properties; failures: readonly CheckFailure[] }>;
  /** Compares; may call GitHub, in previews too, where the real provider does. */
  diff(id: string, olds: ResourceState, news: Properties, ignoreChanges: readonly string[]): Promise<Diff>;
  create(inputs: Properties, preview: boolean): Promise<ResourceState>;
  update(id: string, olds: ResourceState, news: Properties, preview: boolean): Promise<ResourceState>;
  delete(id: string, olds: ResourceState): Promise<void>;
  /** The resource as it is, `undefined` when it is gone. Without `olds` it is an import. */
  read(id: string, olds: ResourceState | undefined): Promise<ResourceState | undefined>;
}

/** A configured provider: its resource types by Pulumi token, its functions by token. */
export interface Provider {
  readonly types: ReadonlyMap<string, ResourceType>;
  invoke(token: string, args: Properties): Promise<Properties>;
}

/** Makes a provider from the inputs of its `pulumi:providers:*` resource; throws where the real one fails to configure. */
export type ProviderFactory = (inputs: Properties, signal: AbortSignal) => Promise<Provider>;
