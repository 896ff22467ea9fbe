import type { RegistrySettings } from "../fleet/registry-settings.ts";
import type { Satis } from "../fleet/satis.ts";
import { pagePackages } from "./page/packages.ts";
import { INDEX_FILE, page } from "./page/page.ts";
import { README_FILE } from "./prune.ts";
import type { BuildRecord } from "./record.ts";
import { readmeText, summarise } from "./report/readme.ts";
import type { Tree } from "./tree.ts";

/** Makes the texts of a tree's pages, by path. */
export type Pages = (tree: Tree, record: BuildRecord) => Promise<Readonly<Record<string, string>>>;

/** The fleet's page for those who may read the repository and, with hosting `pages`, the site's page for everybody who may see it. */
export function pagesOf(satis: Satis, settings: RegistrySettings): Pages {
  return async (tree, record) => ({
    [README_FILE]: readmeText({
      title: satis.name,
      record,
      settings,
      packages: await summarise(tree, record),
    }),
    ...(settings.hosting === "pages"
      ? {
          [INDEX_FILE]: page({
            title: satis.name,
            ...(satis.document.description === undefined ? {} : { description: satis.document.description }),
            settings,
            build: record.build,
            packages: await pagePackages(tree),
          }),
        }
      : {}),
  });
}
