/** What a program asks of the engine while it runs: resources, their outputs, functions, hooks. */
import type { Properties } from "../provider/types.ts";
import { Bail, type Deployment } from "./deployment.ts";
import { type Executor, NotBegun, StepFailed } from "./executor.ts";
import { type Analyze, type Plan, plan } from "./generate.ts";
import type { Goal } from "./goal.ts";
import type { Hook } from "./hooks.ts";
import { EMPTY_GOAL, goalOf, providerProperties, refuse } from "./request.ts";
import { type Monitor, type Registered, type RegisterRequest, type RunInfo, Unavailable } from "./rpc.ts";
import type { State } from "./state.ts";
import { runAfterHooks } from "./steps.ts";
import { isProviderType, parseReference, STACK_TYPE } from "./urn.ts";
import { isSecret, makeSecret, plain } from "./values.ts";

const OVER = "resource monitor shut down while waiting on step's done channel";

/** What the SDK says of the calls that it had open when the run was stopped, which has been told: Pulumi has ended the program by then. */
const CUT_OFF = /\b1 CANCELLED: Call cancelled\b/;

export class ProgramMonitor implements Monitor {
  readonly info: RunInfo;
  /** Resolves when the program has registered everything. */
  readonly registeredAll: Promise<void>;
  /** Something failed that was told already. */
  bailed = false;
  stackUrn = "";
  stackOutputs: Properties | undefined;
  readonly #deployment: Deployment;
  readonly #executor: Executor;
  readonly #continueOnError: boolean;
  readonly #analyze: Analyze;
  readonly #goals = new Map<string, Goal>();
  readonly #componentProviders = new Map<string, ReadonlyMap<string, string>>();
  readonly #defaults = new Map<string, Promise<string>>();
  /** URNs that failed, or were skipped for what they need. */
  readonly #unmade = new Set<string>();
  #generation: Promise<unknown> = Promise.resolve();
  #allRegistered: () => void = () => undefined;
  #release: () => void = () => undefined;
  readonly #released: Promise<void>;

  constructor(
    deployment: Deployment,
    executor: Executor,
    info: RunInfo,
    analyze: Analyze,
    continueOnError: boolean,
  ) {
    this.#deployment = deployment;
    this.#executor = executor;
    this.info = info;
    this.#analyze = analyze;
    this.#continueOnError = continueOnError;
    this.registeredAll = new Promise((resolve) => {
      this.#allRegistered = resolve;
    });
    this.#released = new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  async register(request: RegisterRequest): Promise<Registered> {
    refuse(request);
    const urn = request.getName();
    try {
      const goal = await this.#goal(request);
      return await this.#perform(goal, (registered) => {
        if (!goal.custom) {
          this.#componentProviders.set(registered.urn, new Map(request.getProvidersMap().entries()));
        }
      });
    } catch (error) {
      return this.#failed(error, urn);
    }
  }

  async registerOutputs(urn: string, outputs: Properties): Promise<void> {
    if (urn === this.stackUrn) {
      this.stackOutputs = outputs;
      return;
    }
    const step = this.#executor.news.get(urn);
    if (step?.new === undefined)
      throw new Error(`cannot complete a resource '${urn}' whose registration isn't pending`);
    // One that `--target` left out is not in the state.
    if (this.#deployment.skippedCreates.has(urn)) return;
    const { operation } = this.#deployment;
    step.new.outputs = outputs;
    if (!step.new.custom && step.op === "create")
      await runAfterHooks(operation, "AfterCreate", undefined, step.new);
    if (!step.new.custom && step.op === "update")
      await runAfterHooks(operation, "AfterUpdate", step.old, step.new);
    if (operation.postStepFailure && !this.#continueOnError) this.#executor.stop();
    operation.events.outputs(step);
    if (!operation.dryRun) operation.snapshot.put(step.new);
  }

  async invoke(token: string, args: Properties, reference: string, version: string): Promise<Properties> {
    if (token.startsWith("pulumi:pulumi:")) throw new Error(`the sandbox engine does not support ${token}`);
    if (this.#executor.stopped) throw new Unavailable(OVER);
    const [name = ""] = token.split(":");
    const provider = await this.#deployment.operation.providers.get(
      reference || (await this.#defaultProvider(name, version)),
    );
    return provider.invoke(token, plain(args));
  }

  registerHook(hook: Hook): void {
    this.#deployment.operation.hooks.register(hook);
  }

  log(...[severity, message, urn]: Parameters<Monitor["log"]>): void {
    if (severity === "error" && this.#executor.stopped && CUT_OFF.test(message)) return;
    this.#deployment.events.diagnostic(severity, message, urn || this.stackUrn);
  }

  async shutdown(): Promise<void> {
    this.#allRegistered();
    await this.#released;
  }

  /** Lets the program end. */
  release(): void {
    this.#release();
  }

  async #perform(goal: Goal, done: (registered: Registered) => void = () => undefined): Promise<Registered> {
    const missing = this.#continueOnError && goal.dependencies.some((urn) => this.#unmade.has(urn));
    if (missing) return { urn: "", id: "", outputs: {}, result: "skipped" };
    let next: Plan | undefined = await this.#oneByOne(() => plan(this.#deployment, goal, this.#analyze));
    let state: State = next.state;
    this.#goals.set(state.urn, goal);
    if (goal.type === STACK_TYPE) this.stackUrn = state.urn;
    while (next !== undefined) {
      await this.#executor.run(next.steps);
      state = next.state;
      next = next.next && (await this.#oneByOne(next.next));
    }
    // What a component had before may name resources that this run has not registered yet.
    const outputs = goal.custom ? (state.outputs ?? {}) : {};
    const registered = { urn: state.urn, id: state.id, outputs, result: "success" } as const;
    done(registered);
    return registered;
  }

  /** Decisions are made one after another, in the order of the registrations, as Pulumi's are: some depend on earlier ones. */
  #oneByOne(decide: () => Promise<Plan>): Promise<Plan> {
    const decision = this.#generation.then(() => {
      if (this.#executor.stopped) throw new NotBegun();
      return decide();
    });
    this.#generation = decision.catch(() => undefined);
    return decision;
  }

  #failed(error: unknown, name: string): Registered {
    if (error instanceof StepFailed && this.#continueOnError) {
      const urn = (error.step.new ?? error.step.old)?.urn ?? "";
      this.#unmade.add(urn);
      return { urn, id: "", outputs: {}, result: "failed" };
    }
    if (!(error instanceof StepFailed || error instanceof NotBegun || error instanceof Unavailable)) {
      this.bailed = true;
      if (!(error instanceof Bail)) this.#tell(error as Error, name);
    }
    this.#executor.stop();
    throw new Unavailable(OVER);
  }

  #tell(error: Error, name: string): void {
    const urn = [...this.#deployment.urns].findLast((known) => known.endsWith(`::${name}`)) ?? this.stackUrn;
    this.#deployment.events.diagnostic("error", error.message, urn);
  }

  async #goal(request: RegisterRequest): Promise<Goal> {
    const parent = request.getParent();
    const needsProvider = request.getCustom() && !isProviderType(request.getType());
    const provider = needsProvider ? await this.#providerOf(request, parent) : "";
    return goalOf(request, provider, this.#goals.get(parent));
  }

  async #providerOf(request: RegisterRequest, parent: string): Promise<string> {
    const [name = ""] = request.getType().split(":");
    const inherited = this.#goals.get(parent)?.provider ?? "";
    const given =
      request.getProvider() ||
      request.getProvidersMap().get(name) ||
      (parseReference(inherited).urn.includes(`pulumi:providers:${name}::`) ? inherited : "") ||
      this.#componentProviders.get(parent)?.get(name);
    return given || this.#defaultProvider(name, request.getVersion());
  }

  /** The provider that stands for a package and version where the program names none; registered on first need. */
  #defaultProvider(name: string, version: string): Promise<string> {
    const key = `${name}@${version}`;
    const known = this.#defaults.get(key);
    if (known) return known;
    const configured = Object.entries(this.info.config)
      .filter(([config]) => config.startsWith(`${name}:`))
      .map(([config, value]) => {
        const secret = this.info.secretKeys.includes(config);
        return [config.slice(name.length + 1), secret ? makeSecret(value) : value] as const;
      });
    const reference = this.#perform({
      ...EMPTY_GOAL,
      type: `pulumi:providers:${name}`,
      name: version === "" ? "default" : `default_${version.replace(/[.+-]/g, "_")}`,
      properties: providerProperties(Object.fromEntries(configured), version),
      additionalSecretOutputs: configured.filter(([, value]) => isSecret(value)).map(([config]) => config),
    }).then(({ urn, id }) => `${urn}::${id}`);
    this.#defaults.set(key, reference);
    return reference;
  }
}
