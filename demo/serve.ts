import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { startGitHub } from "../sandbox/github/index.ts";
import { consumerName } from "./consumer.ts";
import { parseOptions } from "./options.ts";
import { loadPlan } from "./plan.ts";

/** The port that Pulumi.dev.yaml names. */
const PORT = 8923;

const HELP = `npm run sandbox [-- --port N] [--satis FILE] [--owner NAME]

Keeps an emulated GitHub up, so that \`pulumi up --stack dev\` works on Pulumi.dev.yaml as it stands.
Its state is gone when it ends (Ctrl-C); a stack that managed it is forgotten with \`pulumi stack rm dev --force\`.`;

const values = parseOptions({
  port: { type: "string", default: String(PORT) },
  satis: { type: "string", default: fileURLToPath(new URL("../satis.json", import.meta.url)) },
  owner: { type: "string" },
  help: { type: "boolean", short: "h", default: false },
});
if (values.help) {
  console.log(HELP);
} else {
  const { owner, packages, repositories: own } = loadPlan(await readFile(values.satis, "utf8"), values);
  const repositories = [...own, { name: consumerName(packages) }];
  const github = await startGitHub({ owner, repositories, port: Number(values.port) });
  console.log(`An emulated GitHub with ${repositories.length} repositories of ${owner} answers at ${github.url}

In another terminal, with the Pulumi CLI:
  export PULUMI_BACKEND_URL=file://$(mktemp -d) PULUMI_CONFIG_PASSPHRASE=
  pulumi stack init dev
  pulumi up --stack dev

Ctrl-C ends it.`);
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => void github.close().then(() => process.exit(0)));
  }
}
