import type { ImportDocument, ImportEntry } from "../engine.ts";
import type { Planned } from "./planned.ts";

/**
 * The document for `pulumi import --file`: every planned resource that has an id on GitHub, under its logical name.
 *
 * Found out on Pulumi 3.255: a parent that is not in the state yet is an entry of its own with `component: true`, before its children,
 * which name it by its name; parents and providers that are in the state are named through `nameTable`, by URN. The provider must be the
 * program's own: with none, the import makes a default one, without the settings that a large fleet needs.
 *
 * @param ids ids by URN
 * @param prepared URNs that are in the state before the import although they are planned
 */
export function importDocument(
  planned: readonly Planned[],
  ids: ReadonlyMap<string, string>,
  prepared: ReadonlySet<string>,
): ImportDocument {
  const byUrn = new Map(planned.filter(({ urn }) => !prepared.has(urn)).map((one) => [one.urn, one]));
  const nameTable: Record<string, string> = {};
  const resources: ImportEntry[] = [];
  const written = new Set<string>();
  /** The name by which an entry refers to something, which is made sure to be there. */
  const refer = (urn: string): string => {
    const name = urn.slice(urn.lastIndexOf("::") + 2);
    const component = byUrn.get(urn);
    if (component === undefined) nameTable[name] = urn;
    else if (!written.has(urn)) {
      written.add(urn);
      resources.push({ type: component.type, name, component: true, parent: refer(component.parent) });
    }
    return name;
  };
  for (const { urn, type, name, parent, provider } of planned) {
    const id = ids.get(urn);
    if (id === undefined) continue;
    const entry = { type, name, id, parent: refer(parent), provider: refer(provider) };
    resources.push(entry);
  }
  return { nameTable, resources };
}
