/** A provider for tests of the engine alone: things that live in a map, with faults on request. */
import { setTimeout as wait } from "node:timers/promises";
import {
  PartialFailure,
  type Properties,
  type Provider,
  type ProviderFactory,
  type ResourceState,
  type ResourceType,
  UNKNOWN,
} from "../../../sandbox/provider/types.ts";

export class World {
  /** What exists, by id. */
  readonly things = new Map<string, Properties>();
  /** Calls in the order made, such as `create a`. */
  readonly calls: string[] = [];
  /** Error text by call; `partial:` before it keeps what was written. */
  readonly faults = new Map<string, string>();
  /** Milliseconds that every call takes. */
  delay = 0;
  /** Called when a call begins. */
  onCall: (call: string) => void = () => undefined;
  configured: Properties = {};

  readonly provider: ProviderFactory = async (inputs) => {
    this.configured = inputs;
    return { types: new Map([["fake:index:Thing", this.#type()]]), invoke: this.#invoke } satisfies Provider;
  };

  readonly #invoke = async (token: string, args: Properties): Promise<Properties> => {
    this.calls.push(`invoke ${token}`);
    return { greeting: `hello ${args.name}` };
  };

  async #call(call: string, state?: ResourceState): Promise<void> {
    this.calls.push(call);
    this.onCall(call);
    await wait(this.delay);
    const fault = this.faults.get(call);
    if (fault?.startsWith("partial:") && state) throw new PartialFailure(fault.slice(8), state);
    if (fault) throw new Error(fault);
  }

  #type(): ResourceType {
    return {
      secretOutputs: ["token"],
      check: async (_, news) => {
        const failures = news.color === "bad" ? [{ property: "color", reason: "no such color" }] : [];
        return { inputs: news, failures };
      },
      diff: async (_, olds, news) => {
        const keys = new Set([...Object.keys(olds.inputs ?? {}), ...Object.keys(news)]);
        const diffs = [...keys].filter((key) => {
          const before = key in olds.outputs ? olds.outputs[key] : olds.inputs?.[key];
          return JSON.stringify(before) !== JSON.stringify(news[key]);
        });
        return { changes: diffs.length > 0, diffs, replaces: diffs.filter((key) => key === "name") };
      },
      create: async (inputs, preview) => {
        if (preview) return { id: UNKNOWN, outputs: { ...inputs, serial: UNKNOWN } };
        const id = String(inputs.name);
        const state = { id, outputs: this.#outputs(inputs) };
        await this.#call(`create ${id}`, state);
        if (this.things.has(id)) throw new Error(`${id} exists already`);
        this.things.set(id, inputs);
        return state;
      },
      update: async (id, _, news, preview) => {
        if (preview) return { id, outputs: this.#outputs(news) };
        await this.#call(`update ${id}`, { id, outputs: this.#outputs(news) });
        if (!this.things.has(id)) throw new Error(`404 ${id}`);
        this.things.set(id, news);
        return { id, outputs: this.#outputs(news) };
      },
      delete: async (id) => {
        await this.#call(`delete ${id}`);
        this.things.delete(id);
      },
      read: async (id, olds) => {
        await this.#call(`read ${id}`);
        const inputs = this.things.get(id);
        return inputs && { id, outputs: { ...olds?.outputs, ...this.#outputs(inputs) }, inputs };
      },
    };
  }

  #outputs(inputs: Properties): Properties {
    return { ...inputs, serial: `no-${inputs.name}`, token: "s3cr3t-token" };
  }
}
