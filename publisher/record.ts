import * as z from "zod";

/** Where the published tree says what it was built from. */
export const RECORD_FILE = "build.json";

/** Key of packages.json that carries the build's id; Composer ignores keys it does not know. */
export const BUILD_KEY = "satis-fleet";

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const time = z.iso.datetime();

/**
 * `build.json`: what the published tree was built from, in the same commit as the tree. Every key of `repositories` is a
 * {@link ./repositories.ts | repository id}; every key of `packages` a package name in lower case.
 */
export const buildRecordSchema = z.strictObject({
  schema: z.literal(1),
  /** `YYYYMMDDThhmmssZ-xxxxxxxx`, the last part random. */
  build: z.string().regex(/^\d{8}T\d{6}Z-[0-9a-f]{8}$/),
  builtAt: time,
  /** Last build of everything, which Satis's own settings, and time, ask for again. */
  fullBuiltAt: time,
  kind: z.enum(["full", "partial", "rollback"]),
  /** SHA-256 of satis.json, of settings.json and of the publisher: when one changes, everything is built. */
  inputs: z.strictObject({ satis: digest, settings: digest, publisher: digest }),
  repositories: z.record(
    z.string(),
    z.strictObject({
      url: z.string(),
      /** Digest of all its refs when it was last built with success; empty where it never was. */
      refs: z.union([digest, z.literal("")]),
      /** Packages it has published, and so claims. */
      packages: z.array(z.string()),
      builtAt: time.optional(),
      /** Build that last rebuilt it. */
      build: z.string().optional(),
    }),
  ),
  packages: z.record(
    z.string(),
    z.strictObject({
      /** Id of the repository that claims the name; absent where no entry with refs has it. */
      repository: z.string().optional(),
      /** SHA-256 of its files by their path in the tree. */
      files: z.record(z.string(), digest),
    }),
  ),
  /** What is published as it was before, or not at all, and why; keys are package names, or repository ids where no name is known. */
  held: z.record(
    z.string(),
    z.strictObject({
      repository: z.string().optional(),
      reason: z.string(),
      remedy: z.string(),
      /** Since when, without interruption. */
      since: time,
      /** `true`: older files are published; `false`: there are none, so it is left out. */
      published: z.boolean(),
    }),
  ),
});

export type BuildRecord = z.infer<typeof buildRecordSchema>;
export type Held = BuildRecord["held"][string];

/** Reads build.json; `undefined` where it is none of ours. */
export function parseRecord(text: string): BuildRecord | undefined {
  try {
    return buildRecordSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Keys sorted, so that equal records are equal texts. */
export function recordText(record: BuildRecord): string {
  const sorted = <T>(map: Record<string, T>) =>
    Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
  const { repositories, packages, held, ...rest } = record;
  return `${JSON.stringify({ ...rest, held: sorted(held), repositories: sorted(repositories), packages: sorted(packages) }, null, 1)}\n`;
}

/** An id for a build that begins now. */
export function newBuildId(now: Date, random: string): string {
  return `${now.toISOString().replace(/[-:]|\.\d+/g, "")}-${random}`;
}
