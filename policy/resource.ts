/** A value that a preview does not know yet; nothing can be said of it, so rules pass over it. */
export const UNKNOWN: unique symbol = Symbol("unknown");

/** A property as the engine gives it, secrets in clear: only {@link shown} parts of it ever reach a message. */
export type Value =
  | string
  | number
  | boolean
  | null
  | undefined
  | typeof UNKNOWN
  | readonly Value[]
  | { readonly [key: string]: Value };

export type Properties = Readonly<Record<string, Value>>;

/** A resource as rules see it. */
export interface Resource {
  readonly urn: string;
  readonly type: string;
  /** What the program asks for, after the provider's check. */
  readonly inputs: Properties;
  /** What the state holds, known to stack rules only; in previews the part that does not change. */
  readonly outputs?: Properties;
  readonly protect: boolean;
  readonly deleteBeforeReplace: boolean;
  /** URN of the component it belongs to. */
  readonly parent?: string;
}

/** A type of the GitHub provider by its class name: `github:index/actionsSecret:ActionsSecret`. */
export function githubType(name: string): string {
  return `github:index/${name.charAt(0).toLowerCase()}${name.slice(1)}:${name}`;
}

export const FLEET = "satisfleet:index:Fleet";
export const COMPOSER_REPOSITORY = "satisfleet:index:ComposerRepository";
export const PACKAGE_NOTIFIER = "satisfleet:index:PackageNotifier";
export const CONSUMER_UPDATER = "satisfleet:index:ConsumerUpdater";
export const GITHUB_PROVIDER = "pulumi:providers:github";

export const REPOSITORY = githubType("Repository");
export const REPOSITORY_FILE = githubType("RepositoryFile");
export const REPOSITORY_PAGES = githubType("RepositoryPages");
export const REPOSITORY_RULESET = githubType("RepositoryRuleset");
export const ENVIRONMENT = githubType("RepositoryEnvironment");
export const ENVIRONMENT_BRANCH = githubType("RepositoryEnvironmentDeploymentPolicy");
export const ACTIONS_SECRET = githubType("ActionsSecret");
export const ENVIRONMENT_SECRET = githubType("ActionsEnvironmentSecret");
export const ORGANIZATION_SECRET = githubType("ActionsOrganizationSecret");
export const WORKFLOW_PERMISSIONS = githubType("WorkflowRepositoryPermissions");

/** Whether a type is one of the fleet's own components, which hold no state. */
export function isComponent(type: string): boolean {
  return type.startsWith("satisfleet:");
}

/** Type of the component that a resource belongs to, from its URN's chain of types; the logical name says nothing. */
export function parentType({ urn }: Pick<Resource, "urn">): string | undefined {
  // urn:pulumi:STACK::PROJECT::TYPE$TYPE$TYPE::NAME; a name may hold "::", a type does not.
  return urn.split("::")[2]?.split("$").at(-2);
}

/** Whether a value is there and known. */
export function isKnown(value: Value): value is Exclude<Value, undefined | null | typeof UNKNOWN> {
  return value !== undefined && value !== null && value !== UNKNOWN;
}

export function isObject(value: unknown): value is { readonly [key: string]: Value } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A known text, else `undefined`. */
export function text(value: Value): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** The known texts of a list. */
export function texts(value: Value): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

/** Whether two names are the same for GitHub, which knows no case; one that is not known yet may be. */
export function mayBeSame(one: Value, other: Value): boolean {
  if (one === UNKNOWN || other === UNKNOWN) return true;
  return typeof one === "string" && typeof other === "string" && one.toLowerCase() === other.toLowerCase();
}

/** Every text of a value, keys included, with the path that leads there. */
export function* textsIn(
  value: Value,
  path = "",
): Generator<{ readonly path: string; readonly text: string }> {
  if (typeof value === "string") yield { path, text: value };
  else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* textsIn(item, `${path}[${index}]`);
  } else if (isObject(value)) {
    for (const [key, item] of Object.entries(value)) {
      yield { path: `a key of ${path === "" ? "the inputs" : path}`, text: key };
      yield* textsIn(item, path === "" ? key : `${path}.${key}`);
    }
  }
}
