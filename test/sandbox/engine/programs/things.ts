/** A program whose resources are data: the configuration says what it registers. */
import { appendFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import type { ThingSpec } from "./spec.ts";
import { Group, Thing } from "./thing.ts";

// For tests of what is left behind.
if (process.env.THINGS_PIDS) appendFileSync(process.env.THINGS_PIDS, `${process.pid}\n`);

const config = new pulumi.Config();
const specs = config.requireObject<ThingSpec[]>("things");
const secret = config.getSecret("secret");
const made = new Map<string, Thing | Group>();
const hook = new pulumi.ResourceHook("before-delete", async (args) => {
  if (config.get("hook") === "fail") throw new Error(`no: ${args.urn.split("::").at(-1)}`);
  console.log(`hook of ${args.urn.split("::").at(-1)}`);
});

function find(name: string): Thing | Group {
  const found = made.get(name);
  if (!found) throw new Error(`the test program has no ${name}`);
  return found;
}

for (const spec of specs) {
  const { kind, name, color, from, dependsOn, parent, deletedWith, hooked, secretColor, ...options } = spec;
  const opts: pulumi.CustomResourceOptions = {
    ...options,
    ...(dependsOn && { dependsOn: dependsOn.map(find) }),
    ...(parent && { parent: find(parent) }),
    ...(deletedWith && { deletedWith: find(deletedWith) }),
    ...(hooked && { hooks: { beforeDelete: [hook] } }),
  };
  if (kind === "group") made.set(name, new Group(name, opts));
  else {
    const note = from === undefined ? undefined : (find(from) as Thing).serial;
    const wanted = secretColor && secret ? secret : color;
    made.set(
      name,
      new Thing(
        name,
        { name: spec.called ?? name, ...(wanted && { color: wanted }), ...(note && { note }) },
        opts,
      ),
    );
  }
}
for (const group of made.values()) if (group instanceof Group) group.done();
const fault = config.get("throw");
if (fault) throw new Error(`the program is broken: ${fault}`);
const invoked = config.get("invoke");

export const serials = [...made.values()].flatMap((thing) => (thing instanceof Thing ? thing.serial : []));
export const hidden = secret;
export const greeting = invoked
  ? pulumi
      .output(pulumi.runtime.invoke("fake:index:greet", { name: invoked }))
      .apply((result) => result.greeting)
  : "";
