/** Uniform resource names: `urn:pulumi:STACK::PROJECT::PARENTS$TYPE::NAME`. */
export const STACK_TYPE = "pulumi:pulumi:Stack";

export interface UrnParts {
  readonly stack: string;
  readonly project: string;
  /** Types of the parents, the stack left out, and the resource's own, joined by `$`. */
  readonly qualifiedType: string;
  readonly type: string;
  readonly name: string;
}

/** @throws when the text is no URN. */
export function parseUrn(urn: string): UrnParts {
  const [head = "", project, qualifiedType, ...name] = urn.split("::");
  if (!head.startsWith("urn:pulumi:") || project === undefined || !qualifiedType || name.length === 0) {
    throw new Error(`invalid URN ${JSON.stringify(urn)}`);
  }
  return {
    stack: head.slice("urn:pulumi:".length),
    project,
    qualifiedType,
    type: qualifiedType.slice(qualifiedType.lastIndexOf("$") + 1),
    name: name.join("::"),
  };
}

export function makeUrn(stack: string, project: string, parent: string, type: string, name: string): string {
  const parentType = parent === "" ? "" : parseUrn(parent).qualifiedType;
  return qualifiedUrn(stack, project, parentType, type, name);
}

export function qualifiedUrn(
  stack: string,
  project: string,
  parentType: string,
  type: string,
  name: string,
): string {
  const qualified = parentType === "" || parentType === STACK_TYPE ? type : `${parentType}$${type}`;
  return `urn:pulumi:${stack}::${project}::${qualified}::${name}`;
}

export function isProviderType(type: string): boolean {
  return type.startsWith("pulumi:providers:");
}

/** `URN::ID` of a provider, taken apart. */
export function parseReference(reference: string): { readonly urn: string; readonly id: string } {
  const at = reference.lastIndexOf("::");
  return { urn: reference.slice(0, at), id: reference.slice(at + 2) };
}

/** Whether a pattern of `--target` or `--replace` means this URN: `*` stays within one part, `**` does not. */
export function matches(pattern: string, urn: string): boolean {
  if (!pattern.includes("*")) return pattern === urn;
  const source = pattern
    .split(/(\*\*|\*)/)
    .map((part) =>
      part === "**" ? ".*" : part === "*" ? "[^:]*" : part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"),
    )
    .join("");
  return new RegExp(`^${source}$`, "s").test(urn);
}
