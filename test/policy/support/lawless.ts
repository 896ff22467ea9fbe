import * as github from "@pulumi/github";
import * as pulumi from "@pulumi/pulumi";
import { deployFleet } from "../../../components/program.ts";

// The fleet's own program with faults in it: LAWLESS says which, those that rules about one resource find or those about the stack.

const TRACE = "ghp_0123456789abcdefghij0123456789abcdef";
const WORKFLOW = `on: pull_request_target
jobs:
  build:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@v4
      - uses: shivammathur/setup-php@f3e473d116dcccaddc5834248c87452386958240
      - run: echo "\${{ github.event.pull_request.title }}"
`;

const WITHOUT_SECRET = `on: push
permissions: {}
jobs:
  notify:
    runs-on: ubuntu-24.04
    timeout-minutes: 5
    steps:
      - run: echo nothing
`;

type Change = {
  readonly props?: Readonly<Record<string, unknown>>;
  readonly opts?: pulumi.CustomResourceOptions;
};

/** What becomes of a resource, by type and, where several have one, by the end of its name. */
const CHANGES: Readonly<Record<string, Readonly<Record<string, Change>>>> = {
  resource: {
    "RepositoryPages composer-pages": { opts: { protect: false } },
    "Repository composer-repository": { props: { visibility: "public", description: `made with ${TRACE}` } },
    "ActionsSecret acme/lib-token": {
      props: { secretName: "ANOTHER" },
      opts: { deleteBeforeReplace: false },
    },
    "RepositoryFile acme/lib-workflow": { props: { content: WORKFLOW } },
    "RepositoryFile acme/tool-workflow": {
      props: { commitMessage: "chore: notify [skip ci]", content: "a: b: c" },
    },
    "RepositoryFile composer-satis.json": { props: { file: "src/satis.json" } },
  },
  stack: {
    "ComposerRepository composer": { props: { registryUrl: "http://packages.acme.com/" } },
    "ActionsSecret acme/lib-token": { props: { repository: "stranger" } },
    "RepositoryFile acme/tool-workflow": { props: { content: WITHOUT_SECRET } },
    "RepositoryRuleset composer-ruleset": { props: { enforcement: "evaluate" } },
    "RepositoryEnvironmentDeploymentPolicy composer-environment-branch": { props: { branchPattern: "*" } },
  },
};

const faults = process.env.LAWLESS ?? "";

pulumi.runtime.registerStackTransformation(({ type, name, props, opts }) => {
  const change = CHANGES[faults]?.[`${type.slice(type.lastIndexOf(":") + 1)} ${name}`];
  const shared = faults === "stack" && name === "composer-read-token" ? { value: dispatchToken() } : {};
  const told = faults === "stack" && name === "composer-repository" ? { description: encodedToken() } : {};
  return {
    props: { ...props, ...change?.props, ...shared, ...told },
    opts: { ...opts, ...change?.opts },
  };
});

function dispatchToken(): pulumi.Output<string> {
  return new pulumi.Config("satis-fleet").requireSecret("dispatchToken");
}

function encodedToken(): pulumi.Output<string> {
  return dispatchToken().apply((token) => `made with ${Buffer.from(`user:${token}`).toString("base64")}`);
}

const outputs = deployFleet();
pulumi.log.debug(`${Object.keys(outputs).length} outputs`);

if (faults === "resource") {
  new github.ActionsSecret("stranger", { repository: "tool", secretName: "STRANGER", value: "x".repeat(20) });
}
