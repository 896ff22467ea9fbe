/** Pulumi's gRPC services as a program sees them: `ResourceMonitor` and `Engine`, on one server. */
import grpc from "@grpc/grpc-js";
import engineGrpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import enginePb from "@pulumi/pulumi/proto/engine_pb.js";
import resourceGrpc from "@pulumi/pulumi/proto/resource_grpc_pb.js";
import resourcePb from "@pulumi/pulumi/proto/resource_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import type { Properties } from "../provider/types.ts";
import type { Severity } from "./events.ts";
import type { Hook } from "./hooks.ts";
import { MESSAGE_LIMIT } from "./limits.ts";
import { fromStruct, toStruct } from "./values.ts";

export type RegisterRequest = InstanceType<typeof resourcePb.RegisterResourceRequest>;

/** How a registration is answered: `failed` and `skipped` only with `continueOnError`. */
export interface Registered {
  readonly urn: string;
  readonly id: string;
  readonly outputs: Properties;
  readonly result: "success" | "failed" | "skipped";
}

/** What a program is told of the run that it is part of: in flags and variables, and when it asks. */
export interface RunInfo {
  readonly project: string;
  readonly stack: string;
  readonly dryRun: boolean;
  readonly parallel: number;
  readonly config: Readonly<Record<string, string>>;
  readonly secretKeys: readonly string[];
}

export interface Monitor {
  readonly info: RunInfo;
  register(request: RegisterRequest): Promise<Registered>;
  registerOutputs(urn: string, outputs: Properties): Promise<void>;
  invoke(token: string, args: Properties, provider: string, version: string): Promise<Properties>;
  registerHook(hook: Hook): void;
  log(severity: Severity, message: string, urn: string): void;
  /** The program has registered everything; resolves when it may end. */
  shutdown(): Promise<void>;
}

/** The operation is over: the SDK ends the program without a word. */
export class Unavailable extends Error {}

type Handler<Request, Response> = (request: Request) => Promise<Response>;

const { ResourceMonitorFeature: Feature } = resourcePb;
const FEATURES = [
  Feature.RESOURCE_MONITOR_FEATURE_SECRETS,
  Feature.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
  Feature.RESOURCE_MONITOR_FEATURE_OUTPUT_VALUES,
  Feature.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
  Feature.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
  Feature.RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS,
];

export interface Served {
  readonly address: string;
  close(): void;
}

/** Serves a monitor on a free port of the loopback interface. */
export async function serve(monitor: Monitor): Promise<Served> {
  const server = new grpc.Server(MESSAGE_LIMIT);
  server.addService(resourceGrpc.ResourceMonitorService, monitorHandlers(monitor));
  server.addService(engineGrpc.EngineService, engineHandlers(monitor));
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return { address: `127.0.0.1:${port}`, close: () => server.forceShutdown() };
}

function unary<Request, Response>(
  handler: Handler<Request, Response>,
): grpc.handleUnaryCall<Request, Response> {
  return (call, callback) => {
    handler(call.request).then(
      (response) => callback(null, response),
      (error: Error) => {
        const code = error instanceof Unavailable ? grpc.status.UNAVAILABLE : grpc.status.UNKNOWN;
        callback({ code, details: error.message });
      },
    );
  };
}

function refused(name: string): grpc.handleUnaryCall<unknown, never> {
  return (_, callback) =>
    callback({ code: grpc.status.UNIMPLEMENTED, details: `the sandbox engine does not support ${name}` });
}

function monitorHandlers(monitor: Monitor): grpc.UntypedServiceImplementation {
  const empty = new emptyPb.Empty();
  const packages = new Map<string, string>();
  return {
    getDeploymentInfo: unary(async () => deploymentInfo(monitor.info)),
    registerPackage: unary(async (request: InstanceType<typeof resourcePb.RegisterPackageRequest>) => {
      if (request.getParameterization())
        throw new Error("the sandbox engine does not support parameterized packages");
      const ref = `${request.getName()}@${request.getVersion()}`;
      packages.set(ref, request.getVersion());
      const response = new resourcePb.RegisterPackageResponse();
      response.setRef(ref);
      return response;
    }),
    registerResource: unary(async (request: RegisterRequest) => {
      const version = packages.get(request.getPackageref());
      if (version !== undefined) request.setVersion(version);
      return registered(await monitor.register(request));
    }),
    registerResourceOutputs: unary(
      async (request: InstanceType<typeof resourcePb.RegisterResourceOutputsRequest>) => {
        await monitor.registerOutputs(request.getUrn(), fromStruct(request.getOutputs()));
        return empty;
      },
    ),
    invoke: unary(async (request: InstanceType<typeof resourcePb.ResourceInvokeRequest>) => {
      const args = fromStruct(request.getArgs());
      const version = packages.get(request.getPackageref()) ?? request.getVersion();
      const result = await monitor.invoke(request.getTok(), args, request.getProvider(), version);
      const response = new resourcePb.ResourceInvokeResponse();
      response.setReturn(toStruct(result));
      return response;
    }),
    registerResourceHook: unary(
      async (request: InstanceType<typeof resourcePb.RegisterResourceHookRequest>) => {
        monitor.registerHook({
          name: request.getName(),
          target: request.getCallback()?.getTarget() ?? "",
          token: request.getCallback()?.getToken() ?? "",
          onDryRun: request.getOnDryRun(),
          ignoreErrors: request.getIgnoreErrors(),
        });
        return empty;
      },
    ),
    signalAndWaitForShutdown: unary(async () => {
      await monitor.shutdown();
      return empty;
    }),
    call: refused("methods (call)"),
    readResource: refused("resources that are only read (the static get method)"),
    existsResource: refused("existsResource"),
    registerStackTransform: refused("transforms"),
    registerStackInvokeTransform: refused("transforms of invokes"),
    registerErrorHook: refused("error hooks"),
  };
}

function deploymentInfo(info: RunInfo): InstanceType<typeof resourcePb.DeploymentInfo> {
  const response = new resourcePb.DeploymentInfo();
  response.setProject(info.project);
  response.setStack(info.stack);
  response.setOrganization("organization");
  response.setDryrun(info.dryRun);
  response.setParallel(info.parallel);
  for (const [key, value] of Object.entries(info.config)) response.getConfigMap().set(key, value);
  response.setConfigsecretkeysList([...info.secretKeys]);
  response.setSupportedfeaturesList(FEATURES);
  return response;
}

function registered(answer: Registered): InstanceType<typeof resourcePb.RegisterResourceResponse> {
  const response = new resourcePb.RegisterResourceResponse();
  response.setUrn(answer.urn);
  response.setId(answer.id);
  response.setObject(toStruct(answer.outputs));
  response.setResult({ success: 0, failed: 1, skipped: 2 }[answer.result]);
  return response;
}

function engineHandlers(monitor: Monitor): grpc.UntypedServiceImplementation {
  let root = "";
  return {
    log: unary(async (request: InstanceType<typeof enginePb.LogRequest>) => {
      const severities: readonly (Severity | undefined)[] = [undefined, "info", "warning", "error"];
      const severity = severities[request.getSeverity()];
      if (severity) monitor.log(severity, request.getMessage(), request.getUrn());
      return new emptyPb.Empty();
    }),
    getRootResource: unary(async () => {
      const response = new enginePb.GetRootResourceResponse();
      response.setUrn(root);
      return response;
    }),
    setRootResource: unary(async (request: InstanceType<typeof enginePb.SetRootResourceRequest>) => {
      root = request.getUrn();
      return new enginePb.SetRootResourceResponse();
    }),
    startDebugging: refused("debuggers"),
    requirePulumiVersion: refused("requirePulumiVersion"),
  };
}
