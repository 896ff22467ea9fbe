import { readFileSync } from "node:fs";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import { type EmulatedGitHub, type GitHubOptions, startGitHub } from "../../../sandbox/github/index.ts";
import { providers } from "../../../sandbox/provider/index.ts";
import type {
  Diff,
  Properties,
  PropertyValue,
  Provider,
  ResourceState,
} from "../../../sandbox/provider/types.ts";

/** One request as the recordings have it: path without `/api/v3`, sealed values blinded. */
export interface Recorded {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly ifNoneMatch?: true;
  status?: number;
}

/** What the real provider sent, from `fixtures/provider/FILE.json`, by operation. */
export function recorded(file: string): Readonly<Record<string, readonly Recorded[]>> {
  return JSON.parse(readFileSync(new URL(`../../fixtures/provider/${file}.json`, import.meta.url), "utf8"));
}

/** Requests without what differs between two GitHubs: object names and ids. */
export function comparable(calls: readonly Recorded[]): unknown {
  const text = JSON.stringify(calls)
    .replace(/\b[0-9a-f]{40}\b/g, "SHA")
    .replace(/\b1\d{3}\b/g, "1000")
    .replace(/"key_id":"\d+"/g, '"key_id":"KEY"');
  return JSON.parse(text);
}

/** An emulated GitHub behind a recorder of requests with their bodies; both end with the test. */
export async function world(options: GitHubOptions = {}): Promise<World> {
  const repositories = ["lib", "lib2"].map((name) => ({ name, branches: ["gh-pages", "dev"] }));
  const github = await startGitHub({ repositories, ...options });
  let calls: Recorded[] = [];
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const text = Buffer.concat(chunks).toString();
      const call = record(incoming.method ?? "", incoming.url ?? "", text, incoming.headers);
      calls.push(call);
      const { method, url: path, headers } = incoming;
      const inner = request({ port: github.port, method, path, headers }, (answer) => {
        call.status = answer.statusCode ?? 0;
        outgoing.writeHead(call.status, answer.headers);
        answer.pipe(outgoing);
      });
      inner.on("error", () => incoming.socket.destroy());
      inner.end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await github.close();
  });
  const taken = () => {
    const all = calls.filter(({ path }) => path !== "/orgs/acme");
    calls = [];
    return all;
  };
  return { github, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, taken };
}

export interface World {
  readonly github: EmulatedGitHub;
  readonly url: string;
  /** The requests since the last time, without the question for the owner. */
  taken(): readonly Recorded[];
}

function record(
  method: string,
  url: string,
  text: string,
  headers: Readonly<Record<string, unknown>>,
): Recorded {
  const body = text === "" ? {} : { body: JSON.parse(text, blinded) };
  const path = url.replace(/^\/api\/v3/, "");
  return { method, path, ...body, ...(headers["if-none-match"] ? { ifNoneMatch: true as const } : {}) };
}

const blinded = (key: string, value: unknown) => (key === "encrypted_value" ? "<sealed>" : value);

export const TOKEN = "ghp_TestTokenThatNobodyMayEverSee";

export async function configured(url: string, more: Properties = {}): Promise<Provider> {
  const aborter = new AbortController();
  onTestFinished(() => aborter.abort());
  const { github } = providers;
  if (github === undefined) throw new Error("no provider for github");
  const settings = { baseUrl: url, owner: "acme", token: TOKEN, writeDelayMs: "1", parallelRequests: "true" };
  return github({ ...settings, legacyClient: "true", retryDelayMs: "1", ...more }, aborter.signal);
}

/** One resource, driven as the engine drives it. */
export class Driver {
  readonly #type;
  state: (ResourceState & { inputs: Properties }) | undefined;

  constructor(provider: Provider, name: string) {
    const type = provider.types.get(name);
    if (type === undefined) throw new Error(`no type ${name}`);
    this.#type = type;
  }

  async check(props: Properties, olds = this.state?.inputs) {
    return this.#type.check(olds, props, Buffer.alloc(32), "x");
  }

  async diff(props: Properties, ignored: readonly string[] = []): Promise<Diff> {
    const { inputs } = await this.check(props);
    return this.#type.diff(this.#known.id, this.#known, inputs, ignored);
  }

  /** Create, update, replace (delete first) or nothing. */
  async up(props: Properties): Promise<Properties> {
    const { inputs } = await this.check(props);
    if (this.state === undefined) return this.#create(inputs);
    const { changes, replaces } = await this.#type.diff(this.state.id, this.state, inputs, []);
    if (!changes) return this.state.outputs;
    if (replaces.length > 0) {
      await this.#type.delete(this.state.id, this.state);
      return this.#create((await this.check(props, undefined)).inputs);
    }
    this.state = { ...(await this.#type.update(this.state.id, this.state, inputs, false)), inputs };
    return this.state.outputs;
  }

  async preview(props: Properties): Promise<Properties> {
    const { inputs } = await this.check(props);
    return (await this.#type.create(inputs, true)).outputs;
  }

  async refresh(): Promise<Properties | undefined> {
    return this.#keep(await this.#type.read(this.#known.id, this.#known));
  }

  async import(id: string): Promise<Properties | undefined> {
    return this.#keep(await this.#type.read(id, undefined));
  }

  async destroy(): Promise<void> {
    await this.#type.delete(this.#known.id, this.#known);
    this.state = undefined;
  }

  get #known(): ResourceState & { inputs: Properties } {
    if (this.state === undefined) throw new Error("there is no resource yet");
    return this.state;
  }

  async #create(inputs: Properties): Promise<Properties> {
    this.state = { ...(await this.#type.create(inputs, false)), inputs };
    return this.state.outputs;
  }

  #keep(read: ResourceState | undefined): Properties | undefined {
    this.state = read && { ...read, inputs: read.inputs ?? {} };
    return this.state?.outputs;
  }
}

/** A resource type's token, from its name. */
export function token(name: string): string {
  return `github:index/${name.charAt(0).toLowerCase()}${name.slice(1)}:${name}`;
}

export function list(value: PropertyValue | undefined): readonly PropertyValue[] {
  return Array.isArray(value) ? value : [];
}
