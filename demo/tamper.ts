import type { ManagedPackage } from "../fleet/derive.ts";
import type { EmulatedGitHub } from "../sandbox/github/index.ts";
import { WORKFLOW_PATHS } from "../workflows/composer.ts";
import { NOTIFY_PATH } from "../workflows/notify.ts";
import { type Act, deleteFile, EDIT, editFile, strangersApi } from "./stranger.ts";

/** Something done to GitHub behind the program's back, and what a refresh must make of it. */
export interface Change {
  /** Logical name of the resource that it hits. */
  readonly resource: string;
  /** The operation that repairs it. */
  readonly operation: "create" | "update";
  readonly repository: string;
  readonly kind: "workflow edited" | "workflow deleted" | "secret deleted";
  /** Path of the file, or path of the secret below the repository's API address. */
  readonly path: string;
}

/**
 * One workflow to edit, one to delete, one secret to delete: in three packages where there are three, else in the composer
 * repository.
 */
export function targets(
  packages: readonly ManagedPackage[],
  owner: string,
  composerRepository: string,
): readonly Change[] {
  const files = [
    ...packages.map(({ id }) => ({ repository: id, path: NOTIFY_PATH, resource: `${id}-workflow` })),
    ...Object.values(WORKFLOW_PATHS).map((path) => ({
      repository: `${owner}/${composerRepository}`,
      path,
      resource: `composer-${path}`,
    })),
  ];
  const secrets = [
    ...packages.map(({ id }) => ({
      repository: id,
      path: "actions/secrets/COMPOSER_REPO_PAT",
      resource: `${id}-token`,
    })),
    {
      repository: `${owner}/${composerRepository}`,
      path: "environments/registry/secrets/REGISTRY_READ_TOKEN",
      resource: "composer-read-token",
    },
  ];
  const [edited, deleted] = files;
  const secret = secrets[2] ?? secrets.at(-1);
  if (!(edited && deleted && secret)) throw new Error("every fleet has its composer repository");
  return [
    { ...edited, kind: "workflow edited", operation: "update" },
    { ...deleted, kind: "workflow deleted", operation: "create" },
    { ...secret, kind: "secret deleted", operation: "create" },
  ];
}

/** Does the changes over HTTP, as somebody with a token of their own would. */
export async function tamper(github: EmulatedGitHub, changes: readonly Change[]): Promise<void> {
  const api = strangersApi(github.url);
  for (const change of changes) await actOf(change)(api);
}

function actOf({ repository, path, kind }: Change): Act {
  if (kind === "workflow edited") return editFile(repository, path);
  if (kind === "workflow deleted") return deleteFile(repository, path);
  return (api) => api("DELETE", `repos/${repository}/${path}`);
}

/** The changes of which GitHub still shows something. */
export async function unrepaired(
  github: EmulatedGitHub,
  changes: readonly Change[],
): Promise<readonly string[]> {
  const api = strangersApi(github.url);
  const left: string[] = [];
  for (const { repository, path, kind, resource } of changes) {
    const place = kind === "secret deleted" ? path : `contents/${path}`;
    const found = await api("GET", `repos/${repository}/${place}`).catch(() => undefined);
    const text = Buffer.from(String(found?.content ?? ""), "base64").toString();
    if (found === undefined || text.includes(EDIT)) left.push(resource);
  }
  return left;
}
