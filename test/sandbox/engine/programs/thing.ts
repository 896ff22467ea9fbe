import * as pulumi from "@pulumi/pulumi";

export interface ThingArgs {
  readonly name: pulumi.Input<string>;
  readonly color?: pulumi.Input<string>;
  readonly note?: pulumi.Input<string>;
}

export class Thing extends pulumi.CustomResource {
  declare readonly name: pulumi.Output<string>;
  declare readonly serial: pulumi.Output<string>;
  declare readonly token: pulumi.Output<string>;

  constructor(name: string, args: ThingArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      "fake:index:Thing",
      name,
      { color: undefined, note: undefined, serial: undefined, token: undefined, ...args },
      opts,
    );
  }
}

export class Group extends pulumi.ComponentResource {
  constructor(name: string, opts?: pulumi.ComponentResourceOptions) {
    super("acme:index:Group", name, {}, opts);
  }

  done(): this {
    this.registerOutputs({});
    return this;
  }
}
