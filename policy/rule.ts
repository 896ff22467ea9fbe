import type { EnforcementLevel, PolicyConfigSchema } from "@pulumi/policy";
import type { Resource } from "./resource.ts";

/** Options of a rule, as the pack's configuration gives them. */
export type Options = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** Schema of a rule's options; each has a default, so that a pack without configuration is complete. */
export type OptionsSchema<Config extends Options> = {
  readonly [Key in keyof Config]: Omit<
    PolicyConfigSchema["properties"][string],
    "default" | "description"
  > & {
    readonly description: string;
    readonly default: Config[Key];
  };
};

/** The resources of a run. */
export interface Stack {
  readonly resources: readonly Resource[];
  /** `false`: some were left out of this run, and nothing is known of what they are meant to be. */
  readonly complete: boolean;
}

/** Something that must not be. */
export interface Violation {
  /** What is wrong and what to write; holds no value of a property that is not known to be fit to print. */
  readonly message: string;
  /** The resource it is about. */
  readonly urn: string;
}

interface RuleBase<Config extends Options> {
  /** Name of the policy and, with `.ts`, of its file. */
  readonly name: string;
  /** What holds where the rule is kept, as one sentence. */
  readonly description: string;
  /** Why, for the documentation. */
  readonly reason: string;
  /** @default mandatory */
  readonly level?: EnforcementLevel;
  readonly options: OptionsSchema<Config>;
}

/** A rule about one resource, asked before anything is done to it. */
export interface ResourceRule<Config extends Options = Options> extends RuleBase<Config> {
  readonly kind: "resource";
  /** Gives the messages; `earlier` are the resources before it, its component always among them. */
  check(resource: Resource, config: Config, earlier: Earlier): readonly string[];
}

/** A rule about how the resources fit together, asked at the end of a preview. */
export interface StackRule<Config extends Options = Options> extends RuleBase<Config> {
  readonly kind: "stack";
  check(stack: Stack, config: Config): readonly Violation[];
}

export type Rule = ResourceRule | StackRule;

/** What was registered before a resource. */
export interface Earlier {
  /** The component that a resource belongs to; `undefined` where this run leaves it out. */
  parent(resource: Resource): Resource | undefined;
  ofType(type: string): readonly Resource[];
}

/** Looks resources up; a stack is given in the order in which it was registered. */
export function lookup(resources: readonly Resource[]): Earlier {
  const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
  return {
    parent: ({ parent }) => (parent === undefined ? undefined : byUrn.get(parent)),
    ofType: (type) => resources.filter((resource) => resource.type === type),
  };
}

/** Names a property of the pack's configuration with the value to write. */
export function option(rule: string, name: string, value: unknown): string {
  return `${JSON.stringify({ [rule]: { [name]: value } })} in the policy pack's configuration`;
}

/** The defaults of a rule's options. */
export function defaults<Config extends Options>({ options }: RuleBase<Config>): Config {
  const entries = Object.entries<{ readonly default: unknown }>(options);
  return Object.fromEntries(entries.map(([name, schema]) => [name, schema.default])) as Config;
}
