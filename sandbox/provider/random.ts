/** random.RandomInteger: no calls, every input replaces, and a seed always draws the same number. */
import { randomInt } from "node:crypto";
import {
  type Properties,
  type PropertyValue,
  ProviderError,
  type ProviderFactory,
  type ResourceState,
  type ResourceType,
  UNKNOWN,
} from "./types.ts";

const INPUTS = ["keepers", "max", "min", "seed"];

const randomInteger: ResourceType = {
  secretOutputs: [],
  check: async (_olds, news) => {
    const missing = ["min", "max"].filter((name) => news[name] === undefined);
    const extra = Object.keys(news).filter((name) => !INPUTS.includes(name));
    return {
      inputs: news,
      failures: [
        ...missing.map((property) => ({ property, reason: `Missing required property '${property}'` })),
        ...extra.map((property) => ({
          property,
          reason: `the sandbox's provider does not take the input '${property}'`,
        })),
      ],
    };
  },
  diff: async (_id, olds, news, ignoreChanges) => {
    const diffs = INPUTS.filter((name) => !ignoreChanges.includes(name)).filter(
      (name) => canonical(olds.outputs[name]) !== canonical(news[name]),
    );
    return { changes: diffs.length > 0, diffs, replaces: diffs };
  },
  create: async (inputs, preview) => {
    if (preview) return { id: "", outputs: { ...inputs, id: UNKNOWN, result: UNKNOWN } };
    return state(inputs, draw(Number(inputs.min), Number(inputs.max), inputs.seed));
  },
  update: async () => {
    throw new ProviderError("a random number is never updated");
  },
  delete: async () => {},
  read: async (id, olds) => {
    if (olds) return { ...olds, id };
    const [result, min, max, seed, ...rest] = id.split(",");
    const numbers = [result, min, max].map(Number);
    if (max === undefined || rest.length > 0 || !numbers.every(Number.isSafeInteger)) {
      throw new ProviderError(
        "Invalid import usage: expecting {result},{min},{max} or {result},{min},{max},{seed}",
      );
    }
    const inputs = { min: Number(min), max: Number(max), ...(seed === undefined ? {} : { seed }) };
    return { ...state(inputs, Number(result)), inputs };
  },
};

export const random: ProviderFactory = async () => ({
  types: new Map([["random:index/randomInteger:RandomInteger", randomInteger]]),
  invoke: async (token) => {
    throw new ProviderError(`the sandbox's random provider has no function ${token}`);
  },
});

function state(inputs: Properties, result: number): ResourceState {
  return { id: String(result), outputs: { ...inputs, id: String(result), result } };
}

function draw(min: number, max: number, seed: PropertyValue | undefined): number {
  if (max < min) {
    throw new ProviderError(
      "The minimum (min) value needs to be smaller than or equal to maximum (max) value.",
    );
  }
  if (typeof seed !== "string" || seed === "") return randomInt(min, max + 1);
  return min + Number(fnv64(seed) % BigInt(max - min + 1));
}

/** FNV-1a, 64 bits: stable, spread well enough, and the same in every language. */
function fnv64(text: string): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(text)) hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn;
  return hash;
}

function canonical(value: PropertyValue | undefined): string {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return JSON.stringify(value ?? null);
  return JSON.stringify(Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1)));
}
