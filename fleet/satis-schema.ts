import * as z from "zod";

const text = z.string();
const texts = z.array(z.string());
const flag = z.boolean();
const anyObject = z.record(z.string(), z.unknown());
const someConstraints = z.record(z.string(), z.string()).refine((value) => Object.keys(value).length > 0, {
  error: "must name at least one package, or be left out",
});
const stability = z.enum(["dev", "alpha", "beta", "rc", "RC", "stable"]);

/** Composer's `config`, as far as Satis's schema types it; every other key passes, since Composer has more each year. */
const composerConfig = z.looseObject({
  "process-timeout": z.int().optional(),
  "use-include-path": flag.optional(),
  // Composer takes a table of patterns too; Satis's schema does not.
  "preferred-install": text.optional(),
  "notify-on-install": flag.optional(),
  "github-protocols": texts.optional(),
  "github-oauth": anyObject.optional(),
  "gitlab-token": anyObject.optional(),
  "http-basic": anyObject.optional(),
  "store-auths": z.union([text, flag]).optional(),
  platform: anyObject.optional(),
  "vendor-dir": text.optional(),
  "bin-dir": text.optional(),
  "cache-dir": text.optional(),
  "cache-files-dir": text.optional(),
  "cache-repo-dir": text.optional(),
  "cache-vcs-dir": text.optional(),
  "cache-ttl": z.int().optional(),
  "cache-files-ttl": z.int().optional(),
  "cache-files-maxsize": z.union([text, z.int()]).optional(),
  "bin-compat": z.enum(["auto", "full"]).optional(),
  "discard-changes": z.union([text, flag]).optional(),
  "autoloader-suffix": text.optional(),
  "optimize-autoloader": flag.optional(),
  "prepend-autoloader": flag.optional(),
  "classmap-authoritative": flag.optional(),
  "github-domains": texts.optional(),
  "github-expose-hostname": flag.optional(),
});

const archive = z.looseObject({
  directory: text,
  format: z.enum(["zip", "tar"]).optional(),
  "absolute-directory": text.optional(),
  "skip-dev": flag.optional(),
  whitelist: texts.optional(),
  blacklist: texts.optional(),
  "prefix-url": text.optional(),
  checksum: flag.optional(),
  "ignore-filters": flag.optional(),
  "override-dist-type": flag.optional(),
  rearchive: flag.optional(),
});

/** One entry of `repositories`; real files carry other keys (`extra`, keys of one driver), so those pass. */
const repositoryEntry = z.looseObject({
  type: text.optional(),
  url: text.optional(),
  name: text.optional(),
  options: anyObject.optional(),
  "no-api": flag.optional(),
  package: z.union([anyObject, z.array(anyObject)]).optional(),
  only: texts.optional(),
  exclude: texts.optional(),
  canonical: flag.optional(),
  reference: text.optional(),
  extra: anyObject.optional(),
});

const repositories = z.union([
  z.array(repositoryEntry),
  // `false` switches off the repository of that name: {"packagist.org": false}
  z.record(z.string(), z.union([repositoryEntry, z.literal(false)])),
]);

/**
 * The configuration that Satis reads (res/satis-schema.json of composer/satis), key by key.
 *
 * Unlike Satis's own schema it lets unknown keys pass: real files have them, and they are a warning here.
 */
export const satisSchema = z.looseObject({
  $schema: text.optional(),
  _comment: z.union([text, texts]).optional(),
  name: text,
  description: text.optional(),
  homepage: text,
  repositories: repositories.optional(),
  "repositories-dep": repositories.optional(),
  require: someConstraints.optional(),
  "require-all": flag.optional(),
  "require-dependencies": flag.optional(),
  "require-dev-dependencies": flag.optional(),
  "require-dependency-filter": flag.optional(),
  "only-dependencies": flag.optional(),
  "only-best-candidates": flag.optional(),
  "minimum-stability": stability.optional(),
  "minimum-stability-per-package": z
    .record(z.string(), stability)
    .refine((value) => Object.keys(value).length > 0, {
      error: "must name at least one package, or be left out",
    })
    .optional(),
  abandoned: z.record(z.string(), z.union([flag, text])).optional(),
  blacklist: someConstraints.optional(),
  "include-types": z.union([texts, z.null()]).optional(),
  "exclude-types": texts.optional(),
  "strip-hosts": z.union([texts, flag]).optional(),
  archive: archive.optional(),
  "include-filename": text.optional(),
  "available-package-patterns": texts.optional(),
  "output-dir": text.optional(),
  "output-html": flag.optional(),
  "twig-template": text.optional(),
  "allow-seo-indexing": flag.optional(),
  providers: flag.optional(),
  "providers-history-size": z.int().optional(),
  "notify-batch": text.optional(),
  "pretty-print": flag.optional(),
  config: composerConfig.optional(),
});

/** What satis.json says, as written. */
export type SatisDocument = z.infer<typeof satisSchema>;

/** Every top-level key that Satis or an editor knows. */
export const SATIS_KEYS: readonly string[] = Object.keys(satisSchema.shape);
