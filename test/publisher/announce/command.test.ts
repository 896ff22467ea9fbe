import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { subscriptionsText } from "../../../fleet/subscription.ts";
import { announceCommand, announcedLine, announcedText } from "../../../publisher/commands/announce.ts";
import { EXIT } from "../../../publisher/fault.ts";
import { teller } from "../../../publisher/runner.ts";
import type { Session } from "../../../publisher/session.ts";
import { type AnnounceWorld, announceWorld, consumer, subscription } from "./support.ts";

// Each test runs git some hundred times.
vi.setConfig({ testTimeout: 60_000 });

let world: AnnounceWorld | undefined;
const folders: string[] = [];
afterEach(async () => {
  await world?.close();
  world = undefined;
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function fileWith(content: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "subscriptions-"));
  folders.push(folder);
  const file = join(folder, "subscriptions.json");
  await writeFile(file, content);
  return file;
}

/** A session as far as announcing needs one, and what it told. */
async function sessionOf(one: AnnounceWorld): Promise<{ session: Session; lines: string[] }> {
  const lines: string[] = [];
  const { work, environment, settings } = await one.input([]);
  const session = { work, environment, settings, teller: teller({}, (line) => lines.push(line)) };
  return { session: session as unknown as Session, lines };
}

describe("the command", () => {
  it("reads the fleet's subscriptions, tells consumers, and names those that it could not tell", async () => {
    world = await announceWorld([consumer("web")]);
    const file = await fileWith(subscriptionsText([subscription("acme/gone"), subscription("acme/web")]));
    await world.release({ "acme/a": ["1.0.0"] });
    const { session, lines } = await sessionOf(world);
    expect(await announceCommand(session, { file })).toMatchObject({ exitCode: EXIT.done });
    await world.release({ "acme/a": ["1.1.0"] });
    const { exitCode, result } = await announceCommand(session, { file });
    expect({ exitCode, told: result.told }).toEqual({ exitCode: EXIT.held, told: ["acme/web"] });
    expect(lines.at(-1)).toBe("1 consumer was told, 1 failed.\n");
    expect(lines.at(-2)).toMatch(/^warning: announce: acme\/gone: .+: check that ANNOUNCE_TOKEN may see it/);
  });

  it("says what is wrong with a file that somebody else wrote, and takes a missing one for no consumers", async () => {
    world = await announceWorld([]);
    const { session } = await sessionOf(world);
    const file = await fileWith("{}");
    await expect(announceCommand(session, { file })).rejects.toThrow(/pulumi up/);
    expect(await announceCommand(session, { file: `${file}.none` })).toMatchObject({ exitCode: EXIT.done });
  });
});

describe("what is told of an announcement", () => {
  it("is one line for the log and a table for the run's page, without markup of others", () => {
    const fault = { by: "announce", message: "acme/x: GitHub said <img> @org", remedy: "look" };
    const result = {
      told: ["acme/web"],
      waiting: { "acme/x": "failed", "acme/y": "paused" },
      first: false,
      faults: [fault],
    } as const;
    expect(announcedLine(result)).toBe("1 consumer was told, 1 paused, 1 failed.");
    const markdown = announcedText(result);
    expect(markdown).toContain("| `acme/web` | told |");
    expect(markdown).toContain("| `acme/y` | paused |");
    expect(markdown).not.toMatch(/<img>|@org/);
    expect(announcedLine({ ...result, first: true })).toMatch(/^The first announcement/);
  });
});
