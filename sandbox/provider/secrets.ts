/**
 * Secrets of repositories, environments and organizations.
 *
 * What GitHub keeps is never read back: an overwritten secret moves `remoteUpdatedAt` and nothing else, and no update
 * follows from that. It is so in the real provider, whose diff never sees a change of a computed property.
 */
import { setTimeout as wait } from "node:timers/promises";
import sodium from "libsodium-wrappers";
import { type CallOptions, isStatus, segment } from "./client.ts";
import { listAt, numberAt, textAt } from "./json.ts";
import { type Data, type Definition, type GitHub, joinId, repositoryPath, splitId } from "./resource.ts";
import { isList, opt, orderSet, out, req, type Schema, sortSet } from "./schema.ts";
import type { PropertyValue } from "./types.ts";

const exactlyOneOf = ["value", "valueEncrypted", "encryptedValue", "plaintextValue"];
const sealed = { secret: true, exactlyOneOf } as const;
const repositoryIds = { hashed: (element: PropertyValue) => String(element) };

const secretName = req("string", { forceNew: true, faults: nameFaults });

const common: Schema = {
  createdAt: out("string"),
  encryptedValue: opt("string", sealed),
  keyId: opt("string", {
    computed: true,
    requiredWith: "valueEncrypted",
    conflictsWith: ["value", "plaintextValue"],
  }),
  plaintextValue: opt("string", sealed),
  remoteUpdatedAt: out("string"),
  secretName,
  updatedAt: out("string"),
  value: opt("string", sealed),
  valueEncrypted: opt("string", sealed),
};
const ofRepository: Schema = { ...common, repository: req("string"), repositoryId: out("int") };

/** Where a kind of secret lives: all paths end before `/NAME` and `/public-key`. */
interface Scope {
  readonly path: (data: Data) => string;
  readonly id: (data: Data) => string;
  readonly repositoryScoped: boolean;
  /** What the PUT carries beside the sealed value. */
  readonly extra?: (data: Data) => Record<string, unknown>;
  readonly onRead?: (data: Data, answer: unknown) => Promise<void>;
  readonly onImport: (data: Data) => Promise<void>;
}

export function actionsSecret(github: GitHub): Definition {
  return secret(github, { ...ofRepository, destroyOnDrift: opt("bool") }, 2, {
    repositoryScoped: true,
    path: (data) => `${repositoryPath(github, data.text("repository"))}/actions/secrets`,
    id: (data) => joinId(data.text("repository"), data.text("secretName")),
    onImport: async (data) => {
      const [repository = "", name = ""] = splitId(data.id, 2);
      const { body } = await github.call("GET", repositoryPath(github, repository));
      data.set({ repository, repositoryId: numberAt(body, "id"), secretName: name });
    },
  });
}

export function actionsEnvironmentSecret(github: GitHub): Definition {
  const schema = { ...ofRepository, environment: req("string", { forceNew: true }) };
  return secret(github, schema, 1, {
    repositoryScoped: true,
    path: (data) =>
      `repositories/${data.number("repositoryId")}/environments/${segment(data.text("environment"))}/secrets`,
    id: (data) => joinId(data.text("repository"), data.text("environment"), data.text("secretName")),
    onImport: async (data) => {
      const [repository = "", environment = "", name = ""] = splitId(data.id, 3);
      const { body } = await github.call("GET", repositoryPath(github, repository));
      data.set({ repository, repositoryId: numberAt(body, "id"), environment, secretName: name });
    },
  });
}

export function actionsOrganizationSecret(github: GitHub): Definition {
  const schema: Schema = {
    ...common,
    destroyOnDrift: opt("bool"),
    selectedRepositoryIds: opt("set", repositoryIds),
    visibility: req("string", { values: ["all", "private", "selected"] }),
  };
  const path = `orgs/${segment(github.owner)}/actions/secrets`;
  const selected = async (data: Data) =>
    data.set({ selectedRepositoryIds: await selectedIds(github, data.text("secretName")) });
  const definition = secret(github, schema, 1, {
    repositoryScoped: false,
    path: () => path,
    id: (data) => data.text("secretName"),
    extra: (data) => {
      const ids = data.values.selectedRepositoryIds;
      const some = isList(ids) && ids.length > 0;
      return {
        visibility: data.text("visibility"),
        ...(some ? { selected_repository_ids: inRequest(ids) } : {}),
      };
    },
    onRead: async (data, answer) => {
      const visibility = textAt(answer, "visibility");
      const known = data.values.selectedRepositoryIds;
      data.set({ createdAt: goTime(textAt(answer, "created_at")), visibility });
      // Only a list that the program owns is read.
      if (visibility === "selected" && isList(known) && known.length > 0) await selected(data);
    },
    onImport: async (data) => data.set({ secretName: data.id }),
  });
  return {
    ...definition,
    validate: (planned, creating) => {
      const ids = planned.selectedRepositoryIds;
      if (creating || planned.visibility === "selected" || !isList(ids) || ids.length === 0) return;
      throw new Error("cannot use selected_repository_ids without visibility being set to selected");
    },
    import: async (data) => {
      await definition.import(data);
      const { body } = await github.call("GET", `${path}/${segment(data.id)}`);
      data.set({ ...times(body), visibility: textAt(body, "visibility"), selectedRepositoryIds: [] });
      if (textAt(body, "visibility") === "selected") await selected(data);
    },
  };
}

export function actionsOrganizationSecretRepositories(github: GitHub): Definition {
  const list = (name: string) =>
    `orgs/${segment(github.owner)}/actions/secrets/${segment(name)}/repositories`;
  const put = async (name: string, ids: PropertyValue | undefined) => {
    if (!github.isOrganization) {
      const who = JSON.stringify(github.owner);
      throw new Error(`this resource can only be used in the context of an organization, ${who} is a user`);
    }
    await github.call("PUT", list(name), { body: { selected_repository_ids: inRequest(ids) } });
  };
  const write = async (data: Data) => {
    await put(data.text("secretName"), data.values.selectedRepositoryIds);
    data.id = data.text("secretName");
  };
  const read = async (data: Data) =>
    data.set({ selectedRepositoryIds: await selectedIds(github, data.text("secretName")) });
  return {
    schema: { secretName, selectedRepositoryIds: req("set", repositoryIds) },
    create: write,
    update: write,
    read,
    remove: (data) => put(data.id, []),
    import: async (data) => {
      data.set({ secretName: data.id });
      await read(data);
    },
  };
}

function secret(github: GitHub, schema: Schema, schemaVersion: number, scope: Scope): Definition {
  const at = (data: Data) => `${scope.path(data)}/${segment(data.text("secretName"))}`;
  const get = async (data: Data) => (await github.call("GET", at(data))).body;
  return {
    schema,
    schemaVersion,
    ...(scope.repositoryScoped ? { tracksRepository: true } : {}),
    create: async (data) => {
      if (scope.repositoryScoped) {
        const { body } = await github.call("GET", repositoryPath(github, data.text("repository")));
        data.set({ repositoryId: numberAt(body, "id") });
      }
      await put(github, scope, data, at(data));
      data.id = scope.id(data);
      const found = await patiently(github, () => get(data));
      if (found !== undefined) data.set(times(found));
    },
    update: async (data) => {
      await put(github, scope, data, at(data));
      data.id = scope.id(data);
      await wait(github.second, undefined, { signal: github.signal });
      const found = await get(data).catch(() => undefined);
      data.set(found === undefined ? { updatedAt: null, remoteUpdatedAt: null } : times(found));
    },
    read: async (data) => {
      let found: unknown;
      try {
        found = await get(data);
      } catch (error) {
        if (!isStatus(error, 404)) throw error;
        data.id = "";
        return;
      }
      const { createdAt, updatedAt } = times(found);
      if (data.text("createdAt") === "") data.set({ createdAt });
      if (data.text("updatedAt") === "") data.set({ updatedAt });
      data.set({ remoteUpdatedAt: updatedAt });
      data.id = scope.id(data);
      await scope.onRead?.(data, found);
    },
    remove: async (data) => void (await github.call("DELETE", at(data))),
    import: async (data) => {
      await scope.onImport(data);
      if (scope.repositoryScoped) data.set(times(await get(data)));
    },
  };
}

async function put(github: GitHub, scope: Scope, data: Data, path: string): Promise<void> {
  let keyId = data.text("keyId");
  let encrypted = data.text("valueEncrypted") || data.text("encryptedValue");
  if (keyId === "" || encrypted === "") {
    const { body } = await github.call("GET", `${scope.path(data)}/public-key`);
    keyId = textAt(body, "key_id");
    encrypted ||= await seal(data.text("value") || data.text("plaintextValue"), textAt(body, "key"));
  }
  const body = { key_id: keyId, encrypted_value: encrypted, ...scope.extra?.(data) };
  const options: CallOptions = { body };
  await github.call("PUT", path, options);
  data.set({ keyId });
}

async function seal(value: string, publicKey: string): Promise<string> {
  await sodium.ready;
  const key = Buffer.from(publicKey, "base64");
  if (key.toString("base64") !== publicKey) throw new Error("illegal base64 data at input byte 0");
  if (key.length === 0) throw new Error("could not convert publicKey to bytes");
  return Buffer.from(sodium.crypto_box_seal(Buffer.from(value), key)).toString("base64");
}

/** GitHub may not know a secret yet that it has just taken: asks for about a minute, then does without an answer. */
async function patiently(github: GitHub, get: () => Promise<unknown>): Promise<unknown> {
  let waited = 1;
  await wait(github.second, undefined, { signal: github.signal });
  for (let pause = 1; waited < 60; pause = Math.min(pause * 2, 10)) {
    try {
      return await get();
    } catch (error) {
      if (!isStatus(error, 404)) return undefined;
    }
    await wait(Math.min(pause, 60 - waited) * github.second, undefined, { signal: github.signal });
    waited += pause;
  }
  return undefined;
}

function inRequest(ids: PropertyValue | undefined): readonly PropertyValue[] {
  return isList(ids) ? sortSet(req("set", repositoryIds), ids) : [];
}

async function selectedIds(github: GitHub, name: string): Promise<readonly PropertyValue[]> {
  const path = `orgs/${segment(github.owner)}/actions/secrets/${segment(name)}/repositories`;
  const ids: number[] = [];
  for (let query = "per_page=100"; query !== ""; ) {
    const { body, headers } = await github.call("GET", `${path}?${query}`);
    ids.push(...listAt(body, "repositories").map((repository) => numberAt(repository, "id")));
    const next = /[?&]page=(\d+)[^>]*>;\s*rel="next"/.exec(headers.link ?? "")?.[1];
    query = next === undefined ? "" : `page=${next}&per_page=100`;
  }
  return orderSet(ids);
}

function times(answer: unknown): { createdAt: string; updatedAt: string; remoteUpdatedAt: string } {
  const updatedAt = goTime(textAt(answer, "updated_at"));
  return { createdAt: goTime(textAt(answer, "created_at")), updatedAt, remoteUpdatedAt: updatedAt };
}

/** A time as Go prints it; no time is the year 1. */
function goTime(iso: string): string {
  const time = iso === "" ? "0001-01-01T00:00:00Z" : new Date(iso).toISOString();
  return `${time.slice(0, 10)} ${time.slice(11, 19)} +0000 UTC`;
}

function nameFaults(name: string): readonly string[] {
  const faults: string[] = [];
  if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name)) {
    faults.push(
      "Error. secret names can only contain alphanumeric characters or underscores and must not start with a number",
    );
  }
  if (name.toUpperCase().startsWith("GITHUB_")) {
    faults.push("Error. secret names must not start with the GITHUB_ prefix");
  }
  return faults;
}
