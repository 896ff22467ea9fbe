import { COMPOSER_REPOSITORY, REPOSITORY_PAGES, text, UNKNOWN } from "../resource.ts";
import type { StackRule } from "../rule.ts";
import { shown } from "../secrets.ts";

export const pagesHttps: StackRule<Record<string, never>> = {
  kind: "stack",
  name: "pages-https",
  description: "The registry is served by HTTPS only, under a domain of its own too.",
  reason:
    "Composer takes from packages.json where to load code: whoever can change it on its way chooses that code.",
  options: {},
  check({ resources }) {
    return resources.flatMap(({ urn, type, inputs, outputs }) => {
      if (type === COMPOSER_REPOSITORY) {
        const url = text(inputs.registryUrl);
        if (url === undefined || isSafe(url)) return [];
        const message = `the registry's address ${shown(url)} is not https: write "homepage": "https://..." in satis.json`;
        return [{ urn, message }];
      }
      if (type !== REPOSITORY_PAGES) return [];
      // The domain is set by hand, so the state knows what the program does not.
      const domain = text(inputs.cname) ?? text(outputs?.cname);
      const enforced = inputs.httpsEnforced ?? outputs?.httpsEnforced;
      if (domain === undefined || domain === "" || enforced === true || enforced === UNKNOWN) return [];
      const message = `${shown(domain)} also answers without HTTPS: turn "Enforce HTTPS" on in the repository's Pages settings, or write httpsEnforced: true`;
      return [{ urn, message }];
    });
  },
};

/** A registry on one's own machine is never on its way. */
function isSafe(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return protocol === "https:" || ["127.0.0.1", "localhost", "[::1]"].includes(hostname);
}
