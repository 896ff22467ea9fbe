import type { StateResource } from "../../cli/up/overwritten.ts";
import type { Step } from "../../cli/up/steps.ts";

export const FLEET = "urn:pulumi:dev::satis-fleet::satisfleet:index:Fleet";
export const NOTIFIER = `${FLEET}$satisfleet:index:PackageNotifier`;
export const CONSUMER = `${FLEET}$satisfleet:index:ConsumerUpdater`;
export const SECRET = "github:index/actionsSecret:ActionsSecret";
export const FILE = "github:index/repositoryFile:RepositoryFile";
export const ORGANIZATION_SECRET = "github:index/actionsOrganizationSecret:ActionsOrganizationSecret";

/** What a consumer holds, by the names that the program gives it. */
const CONSUMER_FILES = [
  ".github/satis-fleet/updater.mjs",
  ".github/workflows/update-composer-packages.yml",
  ".github/workflows/update-composer-packages-web-site.yml",
];

const COMPOSER: readonly Step[] = [
  {
    urn: "urn:pulumi:dev::satis-fleet::pulumi:pulumi:Stack::satis-fleet-dev",
    op: "create",
    type: "pulumi:pulumi:Stack",
  },
  { urn: `${FLEET}::fleet`, op: "create", type: "satisfleet:index:Fleet" },
  {
    urn: `${FLEET}$satisfleet:index:ComposerRepository$${FILE}::composer-satis.json`,
    op: "create",
    type: FILE,
  },
];

/** A package's component, secret and workflow, in the program's order. */
export const packageSteps = (id: string, op: string): Step[] => [
  { urn: `${NOTIFIER}::${id}`, op, type: "satisfleet:index:PackageNotifier" },
  { urn: `${NOTIFIER}$${SECRET}::${id}-token`, op, type: SECRET },
  { urn: `${NOTIFIER}$${FILE}::${id}-workflow`, op, type: FILE },
];

/** A consumer's component and files. */
export const consumerSteps = (id: string, op: string): Step[] => [
  { urn: `${CONSUMER}::${id}`, op, type: "satisfleet:index:ConsumerUpdater" },
  ...CONSUMER_FILES.map((path) => ({ urn: `${CONSUMER}$${FILE}::${id}-${path}`, op, type: FILE })),
];

/** A new fleet of so many packages. */
export const fleetOf = (count: number): Step[] => [
  ...COMPOSER,
  ...Array.from({ length: count }, (_, index) => packageSteps(`acme/p${index}`, "create")).flat(),
];

/** A secret of the organization. */
export const organizationSecret = (op: string): Step => ({
  urn: `${FLEET}$${ORGANIZATION_SECRET}::organization-token`,
  op,
  type: ORGANIZATION_SECRET,
});

/** These resources as a state has them; each depends on the one before it, and the first is the parent of the others. */
export function stateOf(steps: readonly Step[]): readonly StateResource[] {
  return steps.map(({ urn, type }, index) => {
    const before = index > 1 ? [steps[index - 1]?.urn ?? ""] : [];
    return {
      urn,
      type,
      parent: index === 0 ? `${FLEET}::fleet` : (steps[0]?.urn ?? ""),
      dependencies: before,
    };
  });
}
