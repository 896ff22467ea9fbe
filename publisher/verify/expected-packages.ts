import type { Fault } from "../fault.ts";
import { isHeld, packageFault, repositoryFinder, whyLeftOut } from "./context.ts";
import type { Candidate, Gate } from "./gate.ts";
import { type Metadata, readMetadata } from "./metadata.ts";

/**
 * Every package that the record and the plan expect is there, and no other.
 *
 * The plan expects a package of each repository whose composer.json gave a name and whose default branch satis.json selects: Satis
 * drops what it cannot reach without a word. A package of which only tags could be selected is expected by nobody but the record, since
 * whether a tag has a composer.json cannot be known from outside.
 */
export const expectedPackages: Gate = {
  name: "expected-packages",
  guarantees:
    "every package that build.json and the plan expect is listed, but for those held without a published version, and no other is",
  async check(candidate) {
    const metadata = await readMetadata(candidate.tree);
    const expected = expectedBy(candidate);
    if (expected === undefined) return [];
    const there = listed(metadata);
    const missing: Fault[] = [...expected]
      .filter((name) => !there.has(name))
      .map((name) =>
        packageFault(
          "expected-packages",
          name,
          "it is not in the registry although its repository has it",
          "see what Satis said of its repository; it is built again at the next run",
        ),
      );
    if (candidate.record === undefined) return missing;
    const { packages } = candidate.record;
    const extra = [...there]
      .filter((name) => !Object.hasOwn(packages, name))
      .map((name) =>
        packageFault(
          "expected-packages",
          name,
          "it is in the registry and build.json does not know it",
          "it is left out until a repository of satis.json claims it",
        ),
      );
    return [...missing, ...extra];
  },
};

/** Names in the list, else those that have files. Those that do not parse are there too: their fault is another gate's. */
function listed({ root, packages, faults }: Metadata): Set<string> {
  return new Set(
    root?.list ?? [
      ...packages.keys(),
      ...faults.flatMap(({ package: name }) => (name === undefined ? [] : [name])),
    ],
  );
}

function expectedBy(candidate: Candidate): Set<string> | undefined {
  const { record, plan } = candidate;
  if (record === undefined && plan === undefined) return undefined;
  const expected = new Set(Object.keys(record?.packages ?? {}));
  for (const [name, { published }] of Object.entries(record?.held ?? {}))
    if (!published) expected.delete(name);
  for (const name of plannedNames(candidate)) if (!isHeld(candidate, name)) expected.add(name);
  return expected;
}

function plannedNames(candidate: Candidate): string[] {
  const repositoryOf = repositoryFinder(candidate);
  return (candidate.plan?.repositories ?? []).flatMap(({ id, packageName, refs, stale }) => {
    if (packageName === undefined || refs?.head === undefined || !stale || isHeld(candidate, id)) return [];
    const name = packageName.toLowerCase();
    const repository = repositoryOf(name);
    // A name that another repository claims is a claim's fault, and what satis.json leaves out is expected by nobody.
    if (repository?.id !== id) return [];
    const reason = whyLeftOut(candidate, { package: name, normalized: "dev-head" }, repository);
    return reason === undefined ? [name] : [];
  });
}
