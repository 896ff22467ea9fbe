import { describe, expect, test } from "vitest";
import { contains, ignore } from "../../../sandbox/engine/paths.ts";
import { matches, parseUrn } from "../../../sandbox/engine/urn.ts";
import {
  annotateSecrets,
  equal,
  fromCheckpoint,
  fromStruct,
  makeSecret,
  plain,
  redact,
  SIGNATURE,
  toCheckpoint,
  toStruct,
} from "../../../sandbox/engine/values.ts";
import { UNKNOWN } from "../../../sandbox/provider/types.ts";

describe("values", () => {
  const nested = { list: [1, makeSecret({ deep: "hidden" }), null], plain: { yes: true } };

  test("survive the wire and the checkpoint, secrets included", () => {
    expect(fromStruct(toStruct(nested))).toEqual(nested);
    expect(fromCheckpoint(JSON.parse(JSON.stringify(toCheckpoint(nested))))).toEqual(nested);
  });

  test("reach a provider without wrappers and an event without secrets", () => {
    expect(plain(nested)).toEqual({ list: [1, { deep: "hidden" }, null], plain: { yes: true } });
    expect(JSON.stringify(redact(nested))).not.toContain("hidden");
  });

  test("every unknown of the wire is one, and an output is a secret or unknown", () => {
    const output = (more: object) => ({ [SIGNATURE]: "d0e6a833031e9bbcd3f4e8bde6ca49a4", ...more });
    expect(
      fromStruct(
        toStruct({
          flag: "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
          pending: output({ dependencies: [] }),
          known: output({ value: "x", secret: true }),
        }),
      ),
    ).toEqual({ flag: UNKNOWN, pending: UNKNOWN, known: makeSecret("x") });
  });

  test("assets are refused", () => {
    const asset = { [SIGNATURE]: "c44067f5952c0a294b673a41bacd8c17", text: "x" };
    expect(() => fromStruct(toStruct({ asset }))).toThrow("assets and archives are not supported");
  });

  test("an encrypted checkpoint is refused with the way out", () => {
    const secret = { [SIGNATURE]: "1b47061264138c4ac30d75fd1eb44270", ciphertext: "v1:x" };
    expect(() => fromCheckpoint({ secret })).toThrow("--show-secrets");
  });

  test("what was secret in a question is secret in its answer", () => {
    const given = {
      token: makeSecret("a"),
      inner: { key: makeSecret("b"), open: "c" },
      gone: makeSecret("d"),
    };
    expect(annotateSecrets({ token: "a", inner: { key: "b", open: "c" } }, given)).toEqual({
      token: makeSecret("a"),
      inner: { key: makeSecret("b"), open: "c" },
    });
  });

  test("are equal whatever the order of their keys", () => {
    expect(equal({ a: 1, b: [2] }, { b: [2], a: 1 })).toBe(true);
    expect(equal({ a: 1 }, { a: 1, b: undefined as unknown as null })).toBe(false);
  });
});

describe("paths", () => {
  test("set back what they name, and take out what was not there", () => {
    const wanted = { a: { b: "new", c: "new" }, list: ["new", "kept"], added: "new" };
    const olds = { a: { b: "old", c: "old" }, list: ["old", "other"] };
    expect(ignore(wanted, olds, ["a.b", "list[0]", "added"])).toEqual({
      a: { b: "old", c: "new" },
      list: ["old", "kept"],
    });
    expect(ignore({ "x.y": 1 }, { "x.y": 2 }, ['["x.y"]'])).toEqual({ "x.y": 2 });
    expect(ignore(wanted, olds, ["*"])).toEqual(olds);
  });

  test("contain what lies within them", () => {
    expect(contains("a", "a.b[0]")).toBe(true);
    expect(contains("*", "a")).toBe(true);
    expect(contains("a.b", "a")).toBe(false);
  });
});

describe("URNs", () => {
  test("may have colons in their names", () => {
    expect(parseUrn("urn:pulumi:dev::gen::a:b:C$d:e:F::x::y")).toMatchObject({ type: "d:e:F", name: "x::y" });
    expect(() => parseUrn("no")).toThrow('invalid URN "no"');
  });

  test("are matched by patterns within and across their parts", () => {
    const urn = "urn:pulumi:dev::gen::a:b:C::m3";
    expect(matches("**m3", urn)).toBe(true);
    expect(matches("*m3", urn)).toBe(false);
    expect(matches("urn:pulumi:dev::gen::a:b:*::m3", urn)).toBe(true);
    expect(matches("urn:pulumi:dev::gen::a:b:C::m.", urn)).toBe(false);
  });
});
