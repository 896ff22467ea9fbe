import * as z from "zod";
import { quoted } from "../fleet/findings.ts";
import { liveAddress } from "../publisher/environment.ts";
import { PublishError } from "../publisher/fault.ts";
import { githubFetch } from "../publisher/github.ts";
import { BUILD_KEY } from "../publisher/record.ts";
import type { Input } from "./input.ts";
import { isBranchVersion } from "./lock.ts";

const rootSchema = z.looseObject({
  "metadata-url": z.string(),
  "available-packages": z.array(z.string()).optional(),
  [BUILD_KEY]: z.string().optional(),
});

const requirements = z.union([z.record(z.string(), z.string()), z.array(z.never())]).optional();
const place = z.looseObject({ reference: z.string().nullish() }).nullish();
const versionSchema = z.looseObject({
  version: z.string(),
  source: place,
  dist: place,
  require: requirements,
  "require-dev": requirements,
});
const filesSchema = z.looseObject({ packages: z.record(z.string(), z.array(versionSchema)) });

/** packages.json, as far as it matters here. */
export interface Root {
  readonly build: string | undefined;
  readonly metadataUrl: string;
  has(name: string): boolean;
}

/** One version as the registry shows it. */
export interface Shown {
  readonly version: string;
  readonly reference: string | undefined;
  /** Packages that it asks for, in lower case, those for its own development too. */
  readonly requires: readonly string[];
}

/** A `p2` file. */
export interface Metadata {
  readonly versions: readonly Shown[];
  /** When the file was last changed, as far as the server says. */
  readonly modified: number | undefined;
}

/** The registry, read as Composer reads it: the same addresses, so the same caches. */
export interface Registry {
  root(): Promise<Root | undefined>;
  /** The file that holds a version; `undefined` where there is none. */
  metadata(root: Root, name: string, version: string): Promise<Metadata | undefined>;
}

export function openRegistry({
  settings,
  registryToken,
  environment,
}: Pick<Input, "settings" | "registryToken" | "environment">): Registry {
  const address = liveAddress(environment, settings.hosting, new URL(settings.registryUrl));
  const rootUrl = /\.json$/.test(address.pathname)
    ? address
    : new URL(`${address.pathname.replace(/\/+$/, "")}/packages.json`, address.origin);
  const isPrivate = settings.hosting === "private";
  const get = async (url: URL): Promise<{ body: unknown; modified: number | undefined } | undefined> => {
    // A registry's metadata-url may lead anywhere; the token goes to the registry's own host alone.
    const token = isPrivate && url.origin === address.origin ? registryToken : undefined;
    const headers = isPrivate ? { accept: "application/vnd.github.raw" } : {};
    const response = await githubFetch(url, { headers }, { token });
    const text = await response.text();
    if (response.status === 404) return undefined;
    if (!response.ok) throw unreadable(url, `the registry answered ${response.status}`);
    const modified = Date.parse(response.headers.get("last-modified") ?? "");
    return { body: jsonOf(text, url), modified: Number.isNaN(modified) ? undefined : modified };
  };
  return {
    root: async () => {
      const answer = await get(rootUrl);
      if (answer === undefined) return undefined;
      const parsed = rootSchema.safeParse(answer.body);
      if (!parsed.success) throw unreadable(rootUrl, "it is no packages.json of Composer");
      const list = parsed.data["available-packages"];
      const names = list === undefined ? undefined : new Set(list.map((name) => name.toLowerCase()));
      return {
        build: parsed.data[BUILD_KEY] as string | undefined,
        metadataUrl: parsed.data["metadata-url"],
        has: (name) => names?.has(name) ?? true,
      };
    },
    metadata: async (root, name, version) => {
      const file = `${name}${isBranchVersion(version) ? "~dev" : ""}`;
      const url = new URL(root.metadataUrl.replace("%package%", file), rootUrl);
      const answer = await get(url);
      if (answer === undefined) return undefined;
      const parsed = filesSchema.safeParse(answer.body);
      if (!parsed.success) throw unreadable(url, "it is no metadata of Composer");
      const versions = (parsed.data.packages[name] ?? []).map((one) => ({
        version: one.version,
        reference: one.source?.reference ?? one.dist?.reference ?? undefined,
        requires: [one.require, one["require-dev"]]
          .flatMap((links) => Object.keys(links ?? {}))
          .map((link) => link.toLowerCase()),
      }));
      return { versions, modified: answer.modified };
    },
  };
}

function jsonOf(text: string, url: URL): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw unreadable(url, "it is not JSON");
  }
}

function unreadable(url: URL, reason: string): PublishError {
  const message = `${quoted(`${url.origin}${url.pathname}`)} cannot be read: ${reason}`;
  const remedy = "see whether the registry is up, and whether COMPOSER_REGISTRY_TOKEN may read it";
  return new PublishError([{ by: "registry", message, remedy }]);
}
