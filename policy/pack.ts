import {
  type Policies,
  type PolicyConfigSchema,
  type PolicyResource,
  type ResourceValidationArgs,
  UnknownValueError,
} from "@pulumi/policy";
import { isComponent, type Properties, type Resource, UNKNOWN, type Value } from "./resource.ts";
import { defaults, type Earlier, type Options, type Rule, type Stack } from "./rule.ts";
import { secretValues } from "./secrets.ts";

/**
 * The rules as policies of Pulumi.
 *
 * Components have inputs only while they are registered, not in the stack that is shown at the end, so rules about single resources
 * note what they see on the way; what a preview cannot know becomes {@link UNKNOWN} instead of ending the rule. Whatever a rule says, values of
 * secret properties seen so far are struck out of it.
 */
export function policiesOf(rules: readonly Rule[]): Policies {
  const seen = new Seen();
  return rules.map((rule) => {
    const { name, description, level: enforcementLevel = "mandatory" } = rule;
    const about = { name, description, enforcementLevel, ...schemaOf(rule) };
    const configOf = (given: Options) => ({ ...defaults(rule), ...given });
    if (rule.kind === "resource") {
      return {
        ...about,
        validateResource: (args, report) => {
          const resource = seen.note(args);
          for (const message of rule.check(resource, configOf(args.getConfig()), seen)) {
            report(seen.withoutSecrets(message));
          }
        },
      };
    }
    return {
      ...about,
      validateStack: (args, report) => {
        if (seen.isEmpty)
          return report("nothing of the stack was shown: enable a rule about single resources");
        for (const { message, urn } of rule.check(seen.stack(args.resources), configOf(args.getConfig()))) {
          report(seen.withoutSecrets(message), urn);
        }
      },
    };
  });
}

/** The SDK takes no empty schema. */
function schemaOf({ options }: Rule): {
  configSchema?: { properties: PolicyConfigSchema["properties"] };
} {
  if (Object.keys(options).length === 0) return {};
  return { configSchema: { properties: structuredClone(options) as PolicyConfigSchema["properties"] } };
}

/**
 * Inputs of a new resource that `--target` leaves out: the engine shows it without any, since no provider has checked them; so
 * nothing can be said of it.
 */
const NOT_LOOKED_AT: Properties = new Proxy(
  {},
  { get: (_, key) => (typeof key === "string" ? UNKNOWN : undefined) },
);

/** What this run has registered so far. */
class Seen implements Earlier {
  readonly #byUrn = new Map<string, Resource>();
  readonly #byType = new Map<string, Resource[]>();
  readonly #secrets = new Set<string>();
  #stack: Stack | undefined;

  /** Keeps a resource's inputs; each policy shows it again, the first one counts. */
  note(args: ResourceValidationArgs): Resource {
    const known = this.#byUrn.get(args.urn);
    if (known) return known;
    const inputs = properties(args.props);
    const resource = resourceOf(args, Object.keys(inputs).length === 0 ? NOT_LOOKED_AT : inputs);
    this.#byUrn.set(resource.urn, resource);
    const others = this.#byType.get(resource.type);
    if (others) others.push(resource);
    else this.#byType.set(resource.type, [resource]);
    for (const value of secretValues(resource)) this.#secrets.add(value);
    return resource;
  }

  /** The stack itself is always registered; without it, every rule that takes notes is disabled. */
  get isEmpty(): boolean {
    return this.#byUrn.size === 0;
  }

  parent({ parent }: Resource): Resource | undefined {
    return parent === undefined ? undefined : this.#byUrn.get(parent);
  }

  ofType(type: string): readonly Resource[] {
    return this.#byType.get(type) ?? [];
  }

  /**
   * The stack at the end of a run: noted inputs with the state's outputs.
   *
   * Of resources that `--target` leaves out, the state's properties stand for the inputs; its components are left out, since the
   * state has nothing of theirs.
   */
  stack(shownAtEnd: readonly PolicyResource[]): Stack {
    // Asked once a run, by each rule with copies of the same.
    this.#stack ??= this.#joined(shownAtEnd);
    return this.#stack;
  }

  #joined(shownAtEnd: readonly PolicyResource[]): Stack {
    const atEnd = new Map(shownAtEnd.map((resource) => [resource.urn, properties(resource.props)]));
    const noted = [...this.#byUrn.values()].map((resource) => {
      const outputs = atEnd.get(resource.urn);
      return outputs ? { ...resource, outputs } : resource;
    });
    const left = shownAtEnd.filter(({ urn }) => !this.#byUrn.has(urn));
    const known = left
      .filter(({ type }) => !isComponent(type))
      .map((resource) => {
        const outputs = atEnd.get(resource.urn) ?? {};
        return { ...resourceOf(resource, outputs), outputs };
      });
    return { resources: [...noted, ...known], complete: left.length === 0 };
  }

  withoutSecrets(message: string): string {
    let safe = message;
    for (const secret of this.#secrets) safe = safe.replaceAll(secret, "***");
    return safe;
  }
}

type Described = Pick<ResourceValidationArgs, "urn" | "type" | "opts">;

function resourceOf({ urn, type, opts }: Described, inputs: Properties): Resource {
  return {
    urn,
    type,
    inputs,
    protect: opts.protect,
    deleteBeforeReplace: opts.deleteBeforeReplace ?? false,
    ...(opts.parent ? { parent: opts.parent } : {}),
  };
}

/** Copies properties out of the SDK's guard, which throws where a value is unknown. */
function properties(guarded: Readonly<Record<string, unknown>>): Properties {
  return Object.fromEntries(Object.keys(guarded).map((key) => [key, valueAt(guarded, key)]));
}

function valueAt(guarded: Readonly<Record<string, unknown>>, key: string): Value {
  try {
    return copied(guarded[key]);
  } catch (error) {
    if (error instanceof UnknownValueError) return UNKNOWN;
    throw error;
  }
}

function copied(value: unknown): Value {
  if (typeof value === "object" && value !== null) {
    const guarded = value as Readonly<Record<string, unknown>>;
    return Array.isArray(value)
      ? Object.keys(value).map((index) => valueAt(guarded, index))
      : properties(guarded);
  }
  return value as string | number | boolean | null | undefined;
}
