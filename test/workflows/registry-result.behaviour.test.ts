import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { run } from "../../publisher/process.ts";
import { composerFile, type Outcome, runScript, scratch, stepNamed } from "./support.ts";

const WORKFLOW = composerFile("registry");
const scriptOf = (name: string) => stepNamed(WORKFLOW, name).run;

describe("the result of a build", () => {
  /** Packs one runner's working directory; gives the archive. */
  async function pack(files: Readonly<Record<string, string>>): Promise<string> {
    const home = scratch();
    for (const [path, text] of Object.entries(files)) write(join(home, "registry", path), text);
    mkdirSync(join(home, "registry"), { recursive: true });
    const outcome = await runScript(scriptOf("Pack the result"), { RUNNER_TEMP: home });
    expect(outcome).toEqual({ code: 0, output: "" });
    return join(home, "registry.tar");
  }

  /** Takes an archive over on another runner. */
  async function unpack(archive: string): Promise<Outcome & { readonly work: string }> {
    const home = scratch();
    write(join(home, "received", "registry.tar"), readFileSync(archive));
    const outcome = await runScript(scriptOf("Unpack the result"), { RUNNER_TEMP: home });
    return { ...outcome, work: join(home, "registry") };
  }

  /** An archive that no publisher made. */
  async function forged(make: (folder: string) => void, ...args: string[]): Promise<string> {
    const folder = scratch();
    make(folder);
    const archive = join(scratch(), "forged.tar");
    const { code, stderr } = await run("tar", ["-C", folder, "-cf", archive, ...args], {
      env: { PATH: process.env.PATH },
    });
    expect(code, stderr).toBe(0);
    return archive;
  }

  it("reaches the next job as it was, and nothing else of the working directory does", async () => {
    const { code, output, work } = await unpack(
      await pack({
        "plan.json": "plan",
        "outcome.json": "outcome",
        "staged/p2/acme/anvil.json": "{}",
        "published/packages.json": "{}",
        "repository/config": "x",
        "composer-cache/x": "x",
      }),
    );
    expect({ code, output }).toEqual({ code: 0, output: "" });
    expect(readdirSync(work).sort()).toEqual(["outcome.json", "plan.json", "staged"]);
    expect(readFileSync(join(work, "staged/p2/acme/anvil.json"), "utf8")).toBe("{}");
  });

  it("may be a failure alone, or nothing", async () => {
    const failed = await unpack(await pack({ "failure.json": "[]" }));
    expect(readdirSync(failed.work)).toEqual(["failure.json"]);
    const nothing = await unpack(await pack({}));
    expect(nothing.code).toBe(0);
    expect(readdirSync(nothing.work)).toEqual([]);
  });

  it("brings no settings for git, which would run as commands where there is a right to write", async () => {
    const archive = await forged((folder) => {
      write(join(folder, "repository/HEAD"), "ref: refs/heads/main\n");
      write(join(folder, "repository/config"), "[core]\n\tsshCommand = touch hacked\n");
      write(join(folder, "site/index.html"), "hacked");
      write(join(folder, "plan.json"), "{}");
    }, ".");
    const { code, work } = await unpack(archive);
    expect(code).toBe(0);
    expect(readdirSync(work)).toEqual(["plan.json"]);
  });

  it.each(["staged", "plan.json", "failure.json", "staged/link", "elsewhere"])(
    "is refused where %s is a link",
    async (path) => {
      const archive = await forged((folder) => {
        write(join(folder, "staged-beside/x"), "x");
        mkdirSync(join(folder, path, ".."), { recursive: true });
        symlinkSync("/etc", join(folder, path));
      }, ".");
      const { code, output, work } = await unpack(archive);
      expect(code).toBe(1);
      expect(output).toContain("::error::The result of the build holds more than plain files");
      expect(readdirSync(work)).toEqual([]);
    },
  );

  it("stays inside its folder", async () => {
    const archive = await forged(
      (folder) => write(join(folder, "hacked"), "x"),
      "-P",
      "--transform=s,^,../registry/repository/,",
      "hacked",
    );
    const { work } = await unpack(archive);
    expect(existsSync(join(work, "repository"))).toBe(false);
    expect(existsSync(join(work, "..", "hacked"))).toBe(false);
  });

  it("is downloaded into a folder of its own", () => {
    for (const job of ["publish", "confirm"]) {
      const steps = WORKFLOW.jobs[job]?.steps ?? [];
      const download = steps.find(({ name }) => name === "Take over the result");
      expect(download?.with?.path).toBe("${{ runner.temp }}/received");
    }
  });

  function write(file: string, content: string | Buffer): void {
    mkdirSync(join(file, ".."), { recursive: true });
    writeFileSync(file, content);
  }
});
