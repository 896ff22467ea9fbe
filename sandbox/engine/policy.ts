/** Policy packs: run as Pulumi runs them, asked about every resource before its step and about the stack at the end. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { credentials } from "@grpc/grpc-js";
import analyzerGrpc from "@pulumi/pulumi/proto/analyzer_grpc_pb.js";
import pb from "@pulumi/pulumi/proto/analyzer_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import type { Properties, PropertyValue } from "../provider/types.ts";
import { Bail, type Deployment } from "./deployment.ts";
import type { Goal } from "./goal.ts";
import { MESSAGE_LIMIT } from "./limits.ts";
import { TETHERED } from "./program.ts";
import type { RunRequest } from "./run.ts";
import type { State } from "./state.ts";
import { parseUrn, STACK_TYPE } from "./urn.ts";
import { annotateSecrets, fromStruct, isObject, toStruct } from "./values.ts";

type Client = InstanceType<typeof analyzerGrpc.AnalyzerClient>;
type Diagnostic = InstanceType<typeof pb.AnalyzeDiagnostic>;

interface Pack {
  readonly process: ChildProcess;
  readonly client: Client;
}

export class Policies {
  readonly #request: RunRequest;
  readonly #deployment: Deployment;
  readonly #packs: Pack[] = [];
  readonly #goals = new Map<string, Goal>();
  /** Whether a mandatory policy has refused a resource. */
  violated = false;

  constructor(request: RunRequest, deployment: Deployment) {
    this.#request = request;
    this.#deployment = deployment;
  }

  /** @throws when a pack does not start: nothing has run then. */
  async start(engineAddress: string): Promise<void> {
    const { policyPacks, policyPackConfigs } = this.#request;
    for (const [index, folder] of policyPacks.entries()) {
      const config = readConfig(policyPackConfigs[index]);
      this.#packs.push(await this.#launch(resolve(folder), engineAddress, config));
    }
  }

  /** Lets every pack remediate, then judge, the inputs of a resource. A mandatory violation is told, and in an update ends the run. */
  readonly analyze = async (state: State, goal: Goal): Promise<Properties> => {
    if (this.#packs.length === 0) return state.inputs;
    this.#goals.set(state.urn, goal);
    let { inputs } = state;
    for (const { client } of this.#packs) inputs = await this.#remediate(client, state, inputs);
    let violated = false;
    for (const { client } of this.#packs) {
      const request = this.#describe(new pb.AnalyzeRequest(), state, withoutMarks(inputs));
      const response = await call<InstanceType<typeof pb.AnalyzeResponse>>((done) =>
        client.analyze(request, done),
      );
      for (const diagnostic of response.getDiagnosticsList())
        violated = this.#tell(diagnostic, state.urn) || violated;
    }
    if (violated) this.#deployment.errored = this.violated = true;
    if (violated && !this.#request.dryRun) throw new Bail(`resource ${state.urn} is invalid`);
    return inputs;
  };

  /** Lets every pack judge the stack as it is now; too late to stop anything, as in Pulumi. */
  async analyzeStack(states: readonly State[]): Promise<void> {
    for (const { client } of this.#packs) {
      const request = new pb.AnalyzeStackRequest();
      request.setResourcesList(states.map((state) => this.#describeInStack(state)));
      const response = await call<InstanceType<typeof pb.AnalyzeResponse>>((done) =>
        client.analyzeStack(request, done),
      );
      for (const diagnostic of response.getDiagnosticsList()) {
        const root = states.find(({ type }) => type === STACK_TYPE)?.urn ?? "";
        if (this.#tell(diagnostic, diagnostic.getUrn() || root)) this.#deployment.errored = true;
      }
    }
  }

  close(): void {
    for (const { client, process } of this.#packs) {
      client.close();
      process.kill();
    }
  }

  async #remediate(client: Client, state: State, inputs: Properties): Promise<Properties> {
    const request = this.#describe(new pb.AnalyzeRequest(), state, inputs);
    const response = await call<InstanceType<typeof pb.RemediateResponse>>((done) =>
      client.remediate(request, done),
    );
    let result = inputs;
    for (const remediation of response.getRemediationsList()) {
      if (remediation.getDiagnostic() === "") {
        result = annotateSecrets(fromStruct(remediation.getProperties()), result);
        continue;
      }
      this.#deployment.events.policy({
        resourceUrn: state.urn,
        message: `${remediation.getDiagnostic()}\n`,
        ...named(remediation),
        enforcementLevel: "advisory" as "warning",
      });
    }
    return result;
  }

  /** True for a violation that must not be. */
  #tell(diagnostic: Diagnostic, urn: string): boolean {
    const level = diagnostic.getEnforcementlevel();
    const mandatory = level === pb.EnforcementLevel.MANDATORY || level === pb.EnforcementLevel.REMEDIATE;
    this.#deployment.events.policy({
      resourceUrn: urn,
      message: `${diagnostic.getMessage()}\n`,
      ...named(diagnostic),
      // The Automation API's type calls advisory "warning"; what travels is "advisory".
      enforcementLevel: mandatory ? "mandatory" : ("advisory" as "warning"),
    });
    return mandatory;
  }

  #describe<Message extends Described>(message: Message, state: State, properties: Properties): Message {
    message.setType(state.type);
    message.setProperties(toStruct(properties));
    message.setUrn(state.urn);
    message.setName(parseUrn(state.urn).name);
    message.setOptions(options(state, this.#goals.get(state.urn)?.deleteBeforeReplace));
    const provider = this.#deployment.operation.providers.state(state.provider);
    if (provider) {
      const described = new pb.AnalyzerProviderResource();
      described.setType(provider.type);
      described.setProperties(toStruct(withoutMarks(provider.inputs)));
      described.setUrn(provider.urn);
      described.setName(parseUrn(provider.urn).name);
      message.setProvider(described);
    }
    return message;
  }

  #describeInStack(state: State): InstanceType<typeof pb.AnalyzerResource> {
    const message = this.#describe(new pb.AnalyzerResource(), state, withoutMarks(state.outputs ?? {}));
    message.setParent(state.parent);
    message.setDependenciesList([...state.dependencies]);
    for (const [key, urns] of Object.entries(state.propertyDependencies)) {
      const dependencies = new pb.AnalyzerPropertyDependencies();
      dependencies.setUrnsList([...urns]);
      message.getPropertydependenciesMap().set(key, dependencies);
    }
    return message;
  }

  async #launch(folder: string, engineAddress: string, config: PackConfig): Promise<Pack> {
    if (!existsSync(join(folder, "PulumiPolicy.yaml"))) throw new Error(`no PulumiPolicy.yaml in ${folder}`);
    const runner = createRequire(join(folder, "index.js")).resolve(
      "@pulumi/pulumi/cmd/run-policy-pack/index.js",
    );
    const child = spawn(process.execPath, [...TETHERED, runner, engineAddress, folder], {
      cwd: folder,
      env: { ...process.env, ...this.#request.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const port = await portOf(child);
    const client = new analyzerGrpc.AnalyzerClient(
      `127.0.0.1:${port}`,
      credentials.createInsecure(),
      MESSAGE_LIMIT,
    );
    await this.#configure(client, config);
    return { process: child, client };
  }

  async #configure(client: Client, settings: PackConfig): Promise<void> {
    const { project, stack, dryRun, config, secretKeys } = this.#request;
    const about = new pb.AnalyzerStackConfigureRequest();
    about.setProject(project);
    about.setStack(stack);
    about.setOrganization("organization");
    about.setDryRun(dryRun);
    about.setConfigSecretKeysList([...secretKeys]);
    for (const [key, value] of Object.entries(config)) about.getConfigMap().set(key, value);
    await call((done) => client.configureStack(about, done));
    const info = await call<InstanceType<typeof pb.AnalyzerInfo>>((done) =>
      client.getAnalyzerInfo(new emptyPb.Empty(), done),
    );
    const defaults = new pb.ConfigureAnalyzerRequest();
    for (const policy of info.getPoliciesList()) {
      const policyConfig = new pb.PolicyConfig();
      const { level, options } = settingsOf(settings, policy.getName());
      policyConfig.setEnforcementlevel(level ?? policy.getEnforcementlevel());
      const schema = policy.getConfigschema()?.getProperties()?.toJavaScript() ?? {};
      policyConfig.setProperties(toStruct({ ...defaultsOf(schema), ...options }));
      defaults.getPolicyconfigMap().set(policy.getName(), policyConfig);
    }
    await call((done) => client.configure(defaults, done));
  }
}

/** A policy's level, or its level and options; `all` stands for those that are not named. */
type PackConfig = Readonly<Record<string, PropertyValue>>;

const { ADVISORY, MANDATORY, DISABLED, REMEDIATE } = pb.EnforcementLevel;
const LEVELS: Readonly<Record<string, 0 | 1 | 2 | 3>> = { ADVISORY, MANDATORY, DISABLED, REMEDIATE };

function readConfig(file: string | undefined): PackConfig {
  return file === undefined ? {} : (JSON.parse(readFileSync(file, "utf8")) as PackConfig);
}

/** @throws for a level that is none. */
function settingsOf(config: PackConfig, policy: string): { level?: 0 | 1 | 2 | 3; options: Properties } {
  const setting = config[policy] ?? config.all;
  const { enforcementLevel, ...options } = isObject(setting) ? setting : { enforcementLevel: setting };
  if (enforcementLevel === undefined) return { options };
  const level = LEVELS[String(enforcementLevel).toUpperCase()];
  if (level === undefined)
    throw new Error(`configuring policy pack: invalid enforcement level "${String(enforcementLevel)}"`);
  return { level, options };
}

type Described = InstanceType<typeof pb.AnalyzeRequest> | InstanceType<typeof pb.AnalyzerResource>;

function call<Response>(
  send: (done: (error: Error | null, response: Response) => void) => unknown,
): Promise<Response> {
  return new Promise((done, fail) => {
    send((error, response) => (error ? fail(error) : done(response)));
  });
}

function named(source: Diagnostic | InstanceType<typeof pb.Remediation>) {
  const version = source.getPolicypackversion();
  return {
    policyName: source.getPolicyname(),
    policyPackName: source.getPolicypackname(),
    policyPackVersion: version,
    policyPackVersionTag: version,
  };
}

function options(state: State, deleteBeforeReplace: boolean | undefined) {
  const message = new pb.AnalyzerResourceOptions();
  message.setProtect(state.protect);
  message.setIgnorechangesList([...state.ignoreChanges]);
  message.setDeletebeforereplace(deleteBeforeReplace ?? false);
  message.setDeletebeforereplacedefined(deleteBeforeReplace !== undefined);
  message.setAdditionalsecretoutputsList([...state.additionalSecretOutputs]);
  message.setCustomtimeouts(new pb.AnalyzerResourceOptions.CustomTimeouts());
  message.setParent(state.parent);
  return message;
}

/** Without what the engine and the bridge note among the properties (`__defaults`, `__meta`). */
function withoutMarks(properties: Properties): Properties {
  const clean = (value: PropertyValue): PropertyValue => {
    if (Array.isArray(value)) return value.map(clean);
    if (!isObject(value)) return value;
    return Object.fromEntries(
      Object.entries(value)
        .filter(([key]) => !key.startsWith("__"))
        .map(([key, item]) => [key, clean(item)]),
    );
  };
  return clean(properties) as Properties;
}

function defaultsOf(schema: Record<string, unknown>): Properties {
  const entries = Object.entries(schema).flatMap(([key, value]): [string, PropertyValue][] =>
    isObject(value as PropertyValue) && "default" in (value as object)
      ? [[key, (value as { default: PropertyValue }).default]]
      : [],
  );
  return Object.fromEntries(entries);
}

/** The first line that a pack prints is the port it listens on. */
function portOf(child: ChildProcess): Promise<number> {
  return new Promise((found, fail) => {
    let said = "";
    const stdout = child.stdout && createInterface(child.stdout);
    child.stderr?.on("data", (text: Buffer) => {
      said += text.toString();
    });
    const broken = (reason: string) =>
      fail(new Error(`policy pack not started: could not read policy pack port: ${reason}\n${said}`));
    stdout?.once("line", (line) =>
      /^\d+$/.test(line) ? found(Number(line)) : broken(`expected integer, got ${JSON.stringify(line)}`),
    );
    child.once("error", (error) => broken(error.message));
    child.once("close", (code) => broken(`exit code ${code}`));
  });
}
