import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { onPath } from "../publisher/on-path.ts";

const run = promisify(execFile);

/** Whether this machine has a Composer. */
export async function hasComposer(): Promise<boolean> {
  return (await onPath("composer", process.env.PATH ?? "")) !== undefined;
}

/** Composer's environment for a project: nothing of the machine's own configuration, and these credentials. */
export function composerEnvironment(folder: string, auth: object): Record<string, string | undefined> {
  return {
    PATH: process.env.PATH,
    HOME: folder,
    COMPOSER_HOME: join(folder, "home"),
    COMPOSER_ALLOW_SUPERUSER: "1",
    COMPOSER_AUTH: JSON.stringify(auth),
  };
}

/** A project in a folder of its own, and what a real Composer makes of it. */
export interface Project {
  /** composer.json, without `repositories` and `config`. */
  readonly composer: Readonly<Record<string, unknown>>;
  /** Address of the one registry that it knows. */
  readonly registryUrl: string;
  readonly options: readonly string[];
  /** Host and token for downloads. */
  readonly download?: { readonly host: string; readonly token: string };
  /** Folder for the project's folder. */
  readonly home: string;
}

/** Lets the machine's Composer resolve a project; gives the texts of composer.json and composer.lock. */
export async function resolveProject(project: Project): Promise<Readonly<Record<string, string>>> {
  const folder = await mkdtemp(join(project.home, "project-"));
  try {
    const composer = {
      ...project.composer,
      repositories: [{ type: "composer", url: project.registryUrl }, { "packagist.org": false }],
      // The site is on this machine, without TLS.
      config: { "secure-http": false, "allow-plugins": false },
    };
    await writeFile(join(folder, "composer.json"), `${JSON.stringify(composer, null, 4)}\n`);
    const { host, token } = project.download ?? {};
    const auth =
      host === undefined ? {} : { "http-basic": { [host]: { username: "x-access-token", password: token } } };
    await run(
      "composer",
      ["update", "--no-interaction", "--no-plugins", "--no-scripts", ...project.options],
      {
        cwd: folder,
        env: composerEnvironment(folder, auth),
      },
    );
    const files = ["composer.json", "composer.lock"];
    const texts = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")));
    return Object.fromEntries(files.map((file, index) => [file, texts[index] ?? ""]));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
