/** The providers of one operation: made from the inputs of their `pulumi:providers:*` resources, found by reference. */
import type { Provider, ProviderFactory, ResourceType } from "../provider/types.ts";
import type { State } from "./state.ts";
import { parseReference } from "./urn.ts";
import { containsUnknown, plain } from "./values.ts";

export class Providers {
  readonly #factories: Readonly<Record<string, ProviderFactory>>;
  readonly #signal: AbortSignal;
  readonly #running = new Map<string, Promise<Provider>>();
  readonly #states = new Map<string, State>();
  readonly #inputs = new Map<string, string>();

  constructor(factories: Readonly<Record<string, ProviderFactory>>, signal: AbortSignal) {
    this.#factories = factories;
    this.#signal = signal;
  }

  /** Starts the provider that this resource configures. A fault in its configuration is told to the first that needs it. */
  start(state: State): void {
    const name = state.type.slice("pulumi:providers:".length);
    const reference = `${state.urn}::${state.id}`;
    const inputs = JSON.stringify(plain(state.inputs));
    // A refresh has started it already: the same process goes on, as with Pulumi.
    const known = this.#inputs.get(reference) === inputs ? this.#running.get(reference) : undefined;
    const started = known ?? this.#start(name, state);
    started.catch(() => undefined);
    this.#inputs.set(reference, inputs);
    this.#running.set(reference, started);
    this.#states.set(reference, state);
    if (state.alias !== "") this.#running.set(`${state.alias}::${state.id}`, started);
  }

  async #start(name: string, state: State): Promise<Provider> {
    const factory = Object.hasOwn(this.#factories, name) ? this.#factories[name] : undefined;
    if (factory === undefined) {
      throw new Error(`the sandbox engine has no provider for package "${name}" (${state.urn})`);
    }
    const { __internal: _, ...inputs } = plain(state.inputs);
    if (containsUnknown(inputs)) {
      throw new Error(
        `the sandbox engine needs every input of ${state.urn} in a preview: one is not known yet`,
      );
    }
    return factory(inputs, this.#signal);
  }

  /** Makes sure that the provider of a resource in the state runs, though the program did not ask for it. */
  ensure(reference: string, olds: ReadonlyMap<string, State>): void {
    if (reference === "" || this.#running.has(reference)) return;
    const { urn, id } = parseReference(reference);
    const state = olds.get(urn);
    if (state === undefined || state.id !== id)
      throw new Error(`could not find provider ${reference} in old state`);
    this.start(state);
  }

  /** The resource that configures a provider. */
  state(reference: string): State | undefined {
    return this.#states.get(reference);
  }

  async get(reference: string): Promise<Provider> {
    const provider = this.#running.get(reference);
    if (provider === undefined) throw new Error(`unknown provider '${reference}'`);
    return provider;
  }

  async type(state: State): Promise<ResourceType> {
    const provider = await this.get(state.provider);
    const type = provider.types.get(state.type);
    if (type === undefined)
      throw new Error(`the sandbox's provider does not know resource type ${state.type}`);
    return type;
  }
}
