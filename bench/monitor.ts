import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import * as grpc from "@grpc/grpc-js";
import { PROJECT } from "../cli/engine.ts";

const require = createRequire(import.meta.url);

/** gRPC's own limit of 4 MB is too small for a large fleet's outputs. */
const MESSAGE_LIMIT = 400 * 1024 * 1024;

/** Severity of a log message from which on it is worth reading. */
const ERROR = 3;

// The stubs have no types that fit an untyped server; only these members are touched.
interface Message {
  [name: string]: (...args: unknown[]) => unknown;
}
type Call = { request: Message };
type Reply = (error: unknown, message?: unknown) => void;

/** Seconds that the program takes against a monitor that answers at once: what the SDK and our code cost, no engine, no GitHub. */
export async function programAlone(program: string, config: Readonly<Record<string, string>>): Promise<void> {
  const { server, address } = await startMonitor();
  try {
    await run(program, address, config);
  } finally {
    server.forceShutdown();
  }
}

async function startMonitor(): Promise<{ server: grpc.Server; address: string }> {
  const resources = require("@pulumi/pulumi/proto/resource_grpc_pb.js");
  const messages = require("@pulumi/pulumi/proto/resource_pb.js");
  const engine = require("@pulumi/pulumi/proto/engine_grpc_pb.js");
  const engineMessages = require("@pulumi/pulumi/proto/engine_pb.js");
  const struct = require("google-protobuf/google/protobuf/struct_pb.js");
  const empty = require("google-protobuf/google/protobuf/empty_pb.js");
  const server = new grpc.Server({
    "grpc.max_receive_message_length": MESSAGE_LIMIT,
    "grpc.max_send_message_length": MESSAGE_LIMIT,
  });
  const nothing = (_call: unknown, reply: Reply) => reply(null, new empty.Empty());
  let ids = 0;
  const monitor: Record<string, (call: Call, reply: Reply) => void> = {
    getDeploymentInfo: (_call, reply) => reply({ code: grpc.status.UNIMPLEMENTED }),
    supportsFeature: (_call, reply) => {
      const response = new messages.SupportsFeatureResponse();
      response.setHassupport(true);
      reply(null, response);
    },
    registerPackage: (_call, reply) => {
      const response = new messages.RegisterPackageResponse();
      response.setRef("package");
      reply(null, response);
    },
    registerResource: ({ request }, reply) => {
      const name = String(request.getName?.());
      const type = String(request.getType?.());
      const response = new messages.RegisterResourceResponse();
      response.setUrn(`urn:pulumi:dev::${PROJECT}::${type}::${name}`);
      if (request.getCustom?.()) response.setId(String(++ids));
      const outputs = request.getObject?.() as { getFieldsMap(): Map<string, unknown> };
      // What the program waits for, though no provider is there to say it.
      for (const name of ["result", "repositoryId"]) {
        const value = new struct.Value();
        value.setNumberValue(ids % 60);
        outputs.getFieldsMap().set(name, value);
      }
      response.setObject(outputs);
      reply(null, response);
    },
    registerResourceOutputs: nothing,
    registerResourceHook: nothing,
    registerErrorHook: nothing,
    registerStackTransform: nothing,
    signalAndWaitForShutdown: nothing,
  };
  let root = "";
  server.addService(resources.ResourceMonitorService, complete(resources.ResourceMonitorService, monitor));
  server.addService(
    engine.EngineService,
    complete(engine.EngineService, {
      log: (call, reply) => {
        if (Number(call.request.getSeverity?.()) >= ERROR) console.error(call.request.getMessage?.());
        nothing(call, reply);
      },
      getRootResource: (_call, reply) => {
        const response = new engineMessages.GetRootResourceResponse();
        response.setUrn(root);
        reply(null, response);
      },
      setRootResource: ({ request }, reply) => {
        root = String(request.getUrn?.());
        reply(null, new engineMessages.SetRootResourceResponse());
      },
    }),
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return { server, address: `127.0.0.1:${port}` };
}

/** Every method of the service; what the benchmark does not answer is refused by name. */
function complete(
  service: Record<string, unknown>,
  methods: Record<string, (call: Call, reply: Reply) => void>,
): grpc.UntypedServiceImplementation {
  return Object.fromEntries(
    Object.keys(service).map((name) => [
      name,
      methods[name] ??
        ((_call: unknown, reply: Reply) => reply({ code: grpc.status.UNIMPLEMENTED, message: name })),
    ]),
  ) as grpc.UntypedServiceImplementation;
}

function run(program: string, address: string, config: Readonly<Record<string, string>>): Promise<void> {
  const args = [
    require.resolve("@pulumi/pulumi/cmd/run/index.js"),
    ...["--monitor", address, "--engine", address, "--project", PROJECT, "--stack", "dev"],
    ...["--organization", "organization", "--root-directory", dirname(program), "--pwd", dirname(program)],
    ...["--parallel", "64", program],
  ];
  const child = spawn(process.execPath, args, {
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, PULUMI_CONFIG: JSON.stringify(config), PULUMI_CONFIG_SECRET_KEYS: "[]" },
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) =>
      code === 0 ? resolve() : reject(new Error(`the program ended with ${code ?? "a signal"}`)),
    );
  });
}
