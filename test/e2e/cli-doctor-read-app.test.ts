import { generateKeyPairSync } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { checkRead } from "../../cli/doctor/tokens.ts";
import type { World } from "../../demo/world.ts";
import type { App } from "../../sandbox/github/index.ts";
import { contextOf, openCommandWorld } from "../support/cli.ts";
import { bad, type Diagnosis, diagnose, notes } from "../support/diagnosis.ts";
import { formsOf } from "../support/leaks.ts";

const ID = 4711;
const newKey = () =>
  generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    // As GitHub hands it out.
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
  });
const { publicKey, privateKey } = newKey();
const RIGHT: App = { publicKey, owner: "acme", permissions: { metadata: "read", contents: "read" } };

const key = (value: string) => ({ "satis-fleet:readAppKey": { value, secret: true } });

describe("fleet doctor of a fleet whose builds read with an App", () => {
  let world: World;

  beforeAll(async () => {
    world = await openCommandWorld({
      config: {
        "satis-fleet:readToken": { value: "", secret: true },
        "satis-fleet:readAppId": { value: String(ID) },
        ...key(privateKey),
      },
    });
  });

  beforeEach(() => world.github.setApp(ID, RIGHT));

  afterAll(() => world.close());

  /** Fails where a line of the key is shown, or a token that was minted with it. */
  function expectNoSecret(text: string, pem: string): void {
    const body = pem.split("\n").filter((line) => line.length > 40 && !line.startsWith("-----"));
    for (const shown of [...body.flatMap(formsOf), "sandbox-installation-"])
      expect(text).not.toContain(shown);
  }

  /** What the doctor says of the App alone. */
  async function look(pem = privateKey): Promise<Pick<Diagnosis, "checks">> {
    const checks = await checkRead(await contextOf(world), undefined);
    expectNoSecret(JSON.stringify(checks), pem);
    return { checks };
  }

  test("finds nothing wrong where the App reads every package, and writes nothing", async () => {
    world.github.resetCalls();
    const diagnosis = await diagnose(world);
    expectNoSecret(diagnosis.text, privateKey);
    expect(bad(diagnosis)).toEqual([]);
    expect(diagnosis.code).toBe(0);
    const right = diagnosis.checks.filter(({ name }) => name === "satis-fleet:readAppId");
    expect(right.map(({ state, message }) => `${state} ${message}`)).toEqual([
      "ok the App 4711 is installed on acme, and its key is valid",
      "ok sees 2 package repositories",
      "ok Contents: read on acme/lib",
    ]);
    const accepted = world.github.calls.log
      .filter(({ method, path, status }) => method !== "GET" && path !== "/graphql" && Number(status) < 300)
      .map(({ method, path }) => `${method} ${path}`);
    expect(accepted).toEqual([`POST /app/installations/${ID}/access_tokens`]);
  });

  test("names a repository that the installation misses", async () => {
    world.github.setApp(ID, { ...RIGHT, repositories: ["lib"] });
    const diagnosis = await diagnose(world);
    expect(diagnosis.code).toBe(2);
    expect(bad(diagnosis)).toEqual([
      "satis-fleet:readAppId: does not see acme/tool: add them to the App's installation on acme, or take them out of satis.json",
    ]);
  });

  test("names a key that is another App's, and one that is none", async () => {
    const { privateKey: other } = newKey();
    const remedy =
      "make a new key in the App's settings: pulumi config set --secret satis-fleet:readAppKey < key.pem";
    await world.configure(key(other));
    expect(bad(await look(other))).toEqual([
      `satis-fleet:readAppKey: is no key of the App 4711 (401): ${remedy}`,
    ]);
    const cut = privateKey.split("\n").slice(0, 5).join("\n");
    await world.configure(key(cut));
    expect(bad(await look(cut))).toEqual([`satis-fleet:readAppKey: is no private key of an App: ${remedy}`]);
    await world.configure(key(privateKey));
  });

  test.each<[string, App, string]>([
    [
      "is not installed on the owner",
      { ...RIGHT, owner: "others" },
      "the App 4711 is not installed on acme: install it on acme",
    ],
    [
      "is suspended there",
      { ...RIGHT, suspended: true },
      "the App 4711 is suspended on acme: unsuspend it in the settings of acme",
    ],
    [
      "may not read contents",
      { ...RIGHT, permissions: { metadata: "read" } },
      "the App 4711 lacks Contents: read on acme: give the App Contents: read, and accept it where it is installed",
    ],
  ])("names an App that %s", async (_, app, told) => {
    world.github.setApp(ID, app);
    expect(bad(await look())).toEqual([`satis-fleet:readAppId: ${told}`]);
  });

  test("names an App that GitHub does not know", async () => {
    await world.configure({ "satis-fleet:readAppId": { value: "99" } });
    expect(bad(await look())).toEqual([
      expect.stringMatching(
        /^satis-fleet:readAppId: GitHub has no App 99: pulumi config set satis-fleet:readAppId /,
      ),
    ]);
    await world.configure({ "satis-fleet:readAppId": { value: String(ID) } });
  });

  test("has a note for an App that may write, too", async () => {
    world.github.setApp(ID, { ...RIGHT, permissions: { metadata: "read", contents: "write" } });
    const diagnosis = await look();
    expect(bad(diagnosis)).toEqual([]);
    expect(notes(diagnosis)).toContain(
      "satis-fleet:readAppId: the App 4711 may also write contents; it needs Contents: read alone",
    );
  });

  test("does not call right what GitHub does not answer, and a key wrong where the clock is", async () => {
    const message = "'Expiration time' claim ('exp') is too far in the future";
    world.github.inject({ path: "/app", status: 401, body: { message } });
    expect(bad(await look())).toEqual([
      `satis-fleet:readAppId: not known: GitHub answers 401 ${message}: run fleet doctor again`,
    ]);
    world.github.inject({ path: "/app", status: 418, body: { message: "a teapot" } });
    expect(bad(await look())).toEqual([
      "satis-fleet:readAppId: not known: GitHub answers 418 a teapot: run fleet doctor again",
    ]);
  });
});
