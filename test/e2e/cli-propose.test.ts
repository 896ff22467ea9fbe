import { expect, test } from "vitest";
import { propose } from "../../cli/commands/propose.ts";
import { PROPOSAL_BRANCH } from "../../cli/propose/wanted.ts";
import { SANDBOX_TOKENS, type World } from "../../demo/world.ts";
import { NOTIFY_PATH } from "../../workflows/notify.ts";
import { contextOf, openCommandWorld, Said, writesOf } from "../support/cli.ts";
import { leaks } from "../support/leaks.ts";
import { satisOf } from "../support/teller.ts";

const BY_PULL_REQUEST = {
  "satis-fleet:delivery": { value: JSON.stringify({ "acme/tool": "pull-request" }) },
};

function guarded(config = BY_PULL_REQUEST) {
  const repositories = [{ name: "lib" }, { name: "tool", protectedByPullRequest: true }];
  return openCommandWorld({ repositories, config });
}

async function proposed(world: World, options: Parameters<typeof propose>[1] = {}) {
  world.github.resetCalls();
  const said = new Said();
  const code = await propose(await contextOf(world), { json: true, ...options }, said);
  expect(leaks(said.all)).toEqual([]);
  const proposals = said.json.proposals as {
    id: string;
    outcome: string;
    removal: boolean;
    reason?: string;
  }[];
  return { code, proposals, writes: writesOf(world) };
}

/** Merges the open pull request as a reviewer would. */
async function merge(world: World, repository: string): Promise<void> {
  const open = world.github.repository(repository).pulls.find(({ state }) => state === "open");
  const answer = await fetch(
    `${world.github.url}repos/acme/${repository}/pulls/${String(open?.number)}/merge`,
    {
      method: "PUT",
      headers: { authorization: "Bearer sandbox-reviewer" },
      body: JSON.stringify({ merge_method: "squash" }),
    },
  );
  // The emulated rule asks for a pull request, and this is one.
  if (!answer.ok) throw new Error(`merge: ${answer.status} ${await answer.text()}`);
}

test("one pull request is opened, found again, brought up to date, and done once it is merged", async () => {
  const world = await guarded();
  try {
    const dry = await proposed(world, { dryRun: true });
    expect([dry.proposals, dry.writes]).toMatchObject([[{ id: "acme/tool", outcome: "opened" }], []]);

    expect((await proposed(world)).proposals).toMatchObject([
      { id: "acme/tool", outcome: "opened", removal: false },
    ]);
    const tool = () => world.github.repository("tool");
    expect(tool().pulls).toHaveLength(1);
    expect(tool().files(PROPOSAL_BRANCH)[NOTIFY_PATH]).toContain("Repository: acme/tool");
    expect(tool().files()).not.toHaveProperty([NOTIFY_PATH]);
    expect(tool().commits(PROPOSAL_BRANCH)[0]?.message).not.toMatch(/skip/i);

    const again = await proposed(world);
    expect([again.proposals[0]?.outcome, again.writes]).toEqual(["open", []]);

    await world.configure({ "satis-fleet:secretName": { value: "ANOTHER_NAME" } });
    expect((await proposed(world)).proposals[0]?.outcome).toBe("updated");
    expect(tool().pulls).toHaveLength(1);
    expect(tool().files(PROPOSAL_BRANCH)[NOTIFY_PATH]).toContain("ANOTHER_NAME");

    await merge(world, "tool");
    const merged = await proposed(world);
    expect([merged.proposals[0]?.outcome, merged.writes]).toEqual(["up to date", []]);

    await world.configure({ "satis-fleet:secretName": { value: "THIRD_NAME" } });
    expect((await proposed(world)).proposals[0]?.outcome).toBe("opened");
    expect(tool().pulls).toHaveLength(2);
    expect(tool().commits(PROPOSAL_BRANCH)).toHaveLength(tool().commits().length + 1);
  } finally {
    await world.close();
  }
});

test("a package that left gets a pull request that takes its workflow away, and no other repository's file is touched", async () => {
  const world = await guarded();
  try {
    await proposed(world);
    await merge(world, "tool");
    await world.stack.up();
    await world.writeSatis(satisOf("lib"));
    await world.configure({ "satis-fleet:delivery": { value: "commit" } });
    expect((await proposed(world)).proposals).toMatchObject([
      { id: "acme/tool", outcome: "opened", removal: true },
    ]);
    expect(world.github.repository("tool").files(PROPOSAL_BRANCH)).not.toHaveProperty([NOTIFY_PATH]);
    await merge(world, "tool");
    expect((await proposed(world)).proposals).toMatchObject([{ outcome: "up to date", removal: true }]);

    world.github.seed([{ name: "foreign", files: { [NOTIFY_PATH]: "name: their own\n" } }]);
    const { code, proposals, writes } = await proposed(world, { repository: ["acme/foreign"] });
    expect([code, proposals, writes]).toMatchObject([
      2,
      [
        { role: "notify", outcome: "failed", reason: expect.stringMatching(/not the fleet's/) },
        { role: "update", outcome: "up to date", removal: true },
      ],
      [],
    ]);
    // The second question is for the text: that it has no answer says nothing of whose the file is.
    world.github.inject({
      path: "/graphql",
      skip: 1,
      status: 200,
      body: { data: { r0: null }, errors: [{ path: ["r0"], message: "Something went wrong" }] },
    });
    expect((await proposed(world, { repository: ["acme/foreign"] })).proposals[0]?.reason).toBe(
      `${NOTIFY_PATH} could not be read: Something went wrong`,
    );
  } finally {
    await world.close();
  }
});

test("a repository that fails is named with GitHub's words, and the others are done", async () => {
  const config = { "satis-fleet:delivery": { value: "pull-request" } };
  const world = await openCommandWorld({
    satis: satisOf("archived", "gone", "lib", "moved", "tool"),
    repositories: ["archived", "lib", "moved", "tool"].map((name) => ({ name })),
    config,
  });
  try {
    world.github.repository("archived").archive();
    world.github.move("moved", "elsewhere");
    world.github.inject({
      method: "POST",
      path: /^\/api\/v3\/repos\/acme\/lib\/pulls|^\/repos\/acme\/lib\/pulls/,
      status: 403,
      body: { message: "Resource not accessible by personal access token" },
      headers: { "x-accepted-github-permissions": "pull_requests=write" },
      times: 10,
    });
    const { code, proposals } = await proposed(world);
    const told = Object.fromEntries(proposals.map(({ id, outcome, reason }) => [id, [outcome, reason]]));
    expect(code).toBe(2);
    expect(told).toMatchObject({
      "acme/archived": ["failed", expect.stringMatching(/archived/)],
      "acme/gone": ["failed", expect.stringMatching(/not there/)],
      "acme/lib": ["failed", expect.stringMatching(/403 Resource not accessible.*pull_requests=write/)],
      "acme/moved": ["failed", expect.stringMatching(/acme\/elsewhere now/)],
      "acme/tool": ["opened", undefined],
    });
  } finally {
    await world.close();
  }
});

test("every third request is dropped: one pull request all the same", async () => {
  const world = await guarded();
  try {
    for (let skip = 2; skip < 300; skip += 3) world.github.inject({ drop: true, skip });
    const { code, proposals } = await proposed(world);
    world.github.clearFaults();
    // A request whose answer was lost is made again; what cannot be done is named, and done by the next run.
    if (code !== 0) expect(proposals).toMatchObject([{ outcome: "failed", reason: expect.any(String) }]);
    await proposed(world);
    expect(world.github.repository("tool").pulls).toHaveLength(1);
    expect(world.github.repository("tool").files(PROPOSAL_BRANCH)[NOTIFY_PATH]).toContain("acme/tool");
  } finally {
    await world.close();
  }
});

test("bad input is an error in a sentence, and nothing is written", async () => {
  const world = await guarded();
  try {
    for (const name of ["tool", "../x", "other/tool"]) {
      await expect(proposed(world, { repository: [name] })).rejects.toThrow(/--repository/);
    }
    world.github.setToken(SANDBOX_TOKENS.provider, { revoked: true });
    await expect(proposed(world)).rejects.toThrow(/does not accept the token/);
    expect(writesOf(world)).toEqual([]);
  } finally {
    await world.close();
  }
});
