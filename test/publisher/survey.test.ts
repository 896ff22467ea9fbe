import { afterEach, beforeEach, expect, it } from "vitest";
import { benchPlan } from "../../bench/publisher-plan.ts";
import { makePlan } from "../../publisher/plan.ts";
import { refsDigest } from "../../publisher/refs/index.ts";
import type { SourceRepository } from "../../publisher/repositories.ts";
import { openReaders, readRemaining, survey } from "../../publisher/survey.ts";
import { type EmulatedGitHub, startGitHub } from "../../sandbox/github/index.ts";
import { environmentOf, inputOf, onGitHub, recordOf, settingsFor } from "./support/plans.ts";

let github: EmulatedGitHub;
beforeEach(async () => {
  github = await startGitHub({ rateLimit: 5000 });
});
afterEach(() => github.close());

const composer = (name: string) => ({ "composer.json": JSON.stringify({ name: `acme/${name}` }) });
const settings = () => settingsFor(`${github.url}api/v3`);
const readers = (token?: string) => openReaders(environmentOf(github, token), settings());
/** The record of a build of these repositories as they are now. */
async function built(repositories: readonly SourceRepository[]) {
  const refs = await readers().refs.read(repositories);
  const previous = recordOf(repositories);
  for (const [id, { refs: read }] of refs) {
    const record = previous.repositories[id];
    if (record !== undefined && read !== undefined) record.refs = refsDigest(read);
  }
  return previous;
}
const plan = async (repositories: readonly SourceRepository[], previous = recordOf([]), token?: string) => {
  const sources = { repositories, wholeOnly: [] };
  const surveyed = await survey(readers(token), sources, previous, settings());
  return makePlan({ ...inputOf(), settings: settings(), sources, previous, ...surveyed });
};

it("plans a thousand unchanged repositories in at most 11 calls, and 5,000 in proportion", async () => {
  const [row] = await benchPlan([1000]);
  expect(row?.calls).toBeLessThanOrEqual(11);
  // The measured limit is 2 s on a machine of its own; this one may be shared.
  expect(row?.seconds).toBeLessThan(6);
});

it("finds what a push changed, and asks for the name of nothing else", async () => {
  const repositories = ["lib", "tool"].map((name) => onGitHub(name));
  github.seed(repositories.map(({ name = "" }) => ({ name, files: composer(name) })));
  const previous = await built(repositories);
  expect((await plan(repositories, previous)).action).toBe("none");
  await fetch(`${github.url}repos/acme/lib/git/refs`, {
    method: "POST",
    headers: { authorization: "Bearer sandbox" },
    body: JSON.stringify({
      ref: "refs/tags/v1.0.0",
      sha: github.repository("lib").refs.get("refs/heads/main"),
    }),
  });
  github.resetCalls();
  const { action, repositories: planned } = await plan(repositories, previous);
  expect(action).toBe("partial");
  expect(planned.map(({ stale, packageName }) => ({ stale, packageName }))).toEqual([
    { stale: true, packageName: "acme/lib" },
    { stale: false, packageName: "acme/tool" },
  ]);
  expect(github.calls.counts).toEqual({ "POST /graphql": 2 });
});

it("reads everything by git where there is no token, so that public fleets need none", async () => {
  const lib = onGitHub("lib");
  github.seed([{ name: "lib", private: false, files: composer("lib") }]);
  const { repositories } = await plan([lib], recordOf([]), "");
  expect(repositories).toMatchObject([{ stale: true, packageName: "acme/lib", refs: { tags: {} } }]);
  expect(Object.keys(github.calls.counts).filter((route) => route.includes("graphql"))).toEqual([]);
});

it("knows what is left of REST's limit, and goes on without where a server tells none", async () => {
  expect(await readers().remaining()).toBeGreaterThan(4000);
  github.inject({ path: "/rate_limit", status: 404 });
  expect(await readRemaining(`${github.url}api/v3`, "sandbox")).toBeUndefined();
});
