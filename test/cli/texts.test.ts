import { describe, expect, test } from "vitest";
import type { Reader } from "../../cli/drift/reader.ts";
import { readTexts } from "../../cli/drift/repositories.ts";
import { readNames } from "../../cli/names/read.ts";
import type { Fleet } from "../../fleet/derive.ts";

/** A reader that answers GraphQL with these, one after the other. */
function answering(...answers: readonly Awaited<ReturnType<Reader["query"]>>[]): Reader {
  const left = [...answers];
  return {
    calls: { total: 0, free: 0 },
    read: () => Promise.reject(new Error("the test reads nothing by REST")),
    query: async () => left.shift() ?? { data: {}, faults: [] },
    save: async () => undefined,
  };
}

const file = (name: string) => ({ owner: "acme", name, path: "composer.json" });

describe("the text of files", () => {
  test("is there, is not there, or could not be read, which is never the same", async () => {
    const reader = answering({
      data: {
        r0: { object: { text: "{}", isTruncated: false } },
        r1: { object: null },
        r2: { object: { text: null, isTruncated: false } },
        r3: { object: { text: "half", isTruncated: true } },
        r4: null,
        r6: { object: null },
      },
      faults: [
        { alias: "r4", type: "FORBIDDEN", message: "SAML" },
        { alias: "r6", type: undefined, message: "Timeout" },
      ],
    });
    const texts = await readTexts(reader, ["a", "b", "c", "d", "e", "f", "g"].map(file));
    expect(Object.fromEntries(texts)).toEqual({
      0: { text: "{}" },
      2: { reason: "it is no text" },
      3: { reason: "GitHub does not give a file of its size whole" },
      4: { reason: "SAML" },
      5: { reason: "GitHub gave no answer for it" },
      6: { reason: "Timeout" },
    });
  });

  test("that GitHub did not give is no file without a name", async () => {
    const one = { databaseId: 1, name: "lib", owner: { login: "acme" }, isArchived: false };
    const reader = answering(
      { data: { r0: { ...one, defaultBranchRef: { name: "main" }, f0: { oid: "1" } } }, faults: [] },
      { data: { r0: null }, faults: [{ alias: "r0", type: undefined, message: "Something went wrong" }] },
    );
    const fleet = {
      composer: { owner: "acme" },
      packages: [{ id: "acme/lib", repository: "lib" }],
    } as unknown as Fleet;
    expect((await readNames(reader, fleet, new Set(["acme/lib"]))).unnamed).toEqual([
      { id: "acme/lib", reason: "its composer.json could not be read: Something went wrong" },
    ]);
  });
});
