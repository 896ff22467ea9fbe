import { execFile } from "node:child_process";
import { chmod, cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { onPath } from "../../publisher/on-path.ts";
import type { StandIn } from "./runner.ts";

const run = promisify(execFile);

/** What the stand-ins of a registry's runs need. */
export interface StandInOptions {
  /** Executable that takes Satis's place. */
  readonly satis: string;
  /** Folder that the deployed site is copied to: what Pages serves. */
  readonly site: string;
  /** Kept between runs, as GitHub's cache is. */
  readonly cache: string;
  /** Called when a deployment begins; one that throws fails. */
  readonly onDeploy?: () => Promise<void> | void;
}

/** Clones by git over HTTP with the job's token, as the real action does. */
export const checkout: StandIn = async ({ github, repository, ref, token, workspace }) => {
  const header = `http.extraHeader=Authorization: Basic ${Buffer.from(`x-access-token:${token}`).toString("base64")}`;
  const url = `${github.url}${repository}.git`;
  await run("git", ["-c", header, "clone", "--quiet", "--branch", ref, url, workspace]);
  return {};
};

/** What stands in for each action of the composer repository's workflows, and for the one step that needs the internet. */
export function registryStandIns(options: StandInOptions): Readonly<Record<string, StandIn>> {
  const pages: { folder?: string } = {};
  return {
    "actions/checkout": checkout,
    "shivammathur/setup-php": setupPhp,
    "Install Satis": async ({ temp }) => {
      const folder = join(temp, "satis", "bin");
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, "satis"), `#!/bin/sh\nexec '${options.satis}' "$@"\n`);
      await chmod(join(folder, "satis"), 0o755);
      return {};
    },
    "actions/cache/restore": async ({ with: { path = "" } }) => {
      await cp(options.cache, path, { recursive: true, force: true }).catch(() => {});
      return {};
    },
    "actions/cache/save": async ({ with: { path = "" } }) => {
      await cp(path, options.cache, { recursive: true, force: true }).catch(() => {});
      return {};
    },
    "actions/upload-artifact": async ({ with: { name = "", path = "" }, artifacts }) => {
      await mkdir(join(artifacts, name), { recursive: true });
      await cp(path, join(artifacts, name, path.split("/").at(-1) ?? "file"), { recursive: true });
      return {};
    },
    "actions/download-artifact": async ({ with: { name = "", path = "" }, artifacts }) => {
      await cp(join(artifacts, name), path, { recursive: true });
      return {};
    },
    "actions/upload-pages-artifact": async ({ with: { path = "" }, artifacts }) => {
      pages.folder = join(artifacts, "github-pages");
      await cp(path, pages.folder, { recursive: true });
      return {};
    },
    "actions/deploy-pages": async () => {
      await options.onDeploy?.();
      if (pages.folder === undefined) throw new Error("no artifact named github-pages");
      await run("rm", ["-rf", options.site]);
      await cp(pages.folder, options.site, { recursive: true });
      return { page_url: "https://pages.example/" };
    },
    "actions/create-github-app-token": async () => ({ token: "minted-by-the-sandbox-7d1f03" }),
  };
}

/** A Composer that the floor lets pass; what is asked of it beyond its version is the business of the machine's own. */
const setupPhp: StandIn = async ({ temp, addPath }) => {
  const folder = join(temp, "php");
  await mkdir(folder, { recursive: true });
  const real = await onPath("composer", process.env.PATH ?? "");
  const version =
    'if [ "$1" = --version ]; then echo "Composer version 2.10.2 2026-08-01 10:00:00"; exit 0; fi\n';
  await writeFile(
    join(folder, "composer"),
    `#!/bin/sh\n${version}${real === undefined ? "exit 1\n" : `exec '${real}' "$@"\n`}`,
  );
  await chmod(join(folder, "composer"), 0o755);
  addPath(folder);
  return {};
};
