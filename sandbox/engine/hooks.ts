/** Resource hooks: functions of the program that the engine calls, over gRPC, around the steps of a resource. */
import { credentials } from "@grpc/grpc-js";
import callbackGrpc from "@pulumi/pulumi/proto/callback_grpc_pb.js";
import callbackPb from "@pulumi/pulumi/proto/callback_pb.js";
import resourcePb from "@pulumi/pulumi/proto/resource_pb.js";
import { MESSAGE_LIMIT } from "./limits.ts";
import type { State } from "./state.ts";
import { parseUrn } from "./urn.ts";
import { toStruct } from "./values.ts";

export interface Hook {
  readonly name: string;
  readonly target: string;
  readonly token: string;
  readonly onDryRun: boolean;
  readonly ignoreErrors: boolean;
}

export type Moment =
  | "BeforeCreate"
  | "AfterCreate"
  | "BeforeUpdate"
  | "AfterUpdate"
  | "BeforeDelete"
  | "AfterDelete";

export class Hooks {
  readonly #hooks = new Map<string, Hook>();
  readonly #clients = new Map<string, InstanceType<typeof callbackGrpc.CallbacksClient>>();

  register(hook: Hook): void {
    if (this.#hooks.has(hook.name)) {
      throw new Error(`resource hook already registered for name "${hook.name}"`);
    }
    this.#hooks.set(hook.name, hook);
  }

  /**
   * Calls the hooks that a resource has for this moment, one after another.
   * @throws with Pulumi's text when one fails; `warn` is told instead where the hook says so.
   */
  async run(
    moment: Moment,
    old: State | undefined,
    now: State | undefined,
    dryRun: boolean,
    warn: (message: string) => void,
  ): Promise<void> {
    const state = now ?? old;
    for (const name of state?.hooks[moment] ?? []) {
      const hook = this.#hooks.get(name);
      if (hook === undefined) throw new Error(`hook "${name}" was not registered`);
      if (state === undefined || (dryRun && !hook.onDryRun)) continue;
      const failure = await this.#call(hook, moment, state, old, now).catch((error: Error) => error.message);
      if (failure === "") continue;
      if (!hook.ignoreErrors)
        throw new Error(
          `${moment.startsWith("Before") ? "before" : "after"} hook "${name}" failed: ${failure}`,
        );
      warn(`${moment} hook "${name}" failed: ${failure}`);
    }
  }

  close(): void {
    for (const client of this.#clients.values()) client.close();
    this.#clients.clear();
  }

  async #call(
    hook: Hook,
    moment: Moment,
    state: State,
    old: State | undefined,
    now: State | undefined,
  ): Promise<string> {
    const request = new resourcePb.ResourceHookRequest();
    request.setUrn(state.urn);
    request.setId(state.id);
    request.setName(parseUrn(state.urn).name);
    request.setType(state.type);
    if (now !== undefined) request.setNewInputs(toStruct(now.inputs));
    if (old !== undefined) request.setOldInputs(toStruct(old.inputs));
    if (old?.outputs !== undefined) request.setOldOutputs(toStruct(old.outputs));
    if (now?.outputs !== undefined && moment.startsWith("After"))
      request.setNewOutputs(toStruct(now.outputs));
    const call = new callbackPb.CallbackInvokeRequest();
    call.setToken(hook.token);
    call.setRequest(request.serializeBinary());
    const bytes = await new Promise<Uint8Array>((resolve, reject) => {
      this.#client(hook.target).invoke(call, (error, response) =>
        error ? reject(error) : resolve(response.getResponse_asU8()),
      );
    });
    return resourcePb.ResourceHookResponse.deserializeBinary(bytes).getError();
  }

  #client(target: string) {
    const known = this.#clients.get(target);
    if (known !== undefined) return known;
    const client = new callbackGrpc.CallbacksClient(target, credentials.createInsecure(), MESSAGE_LIMIT);
    this.#clients.set(target, client);
    return client;
  }
}
