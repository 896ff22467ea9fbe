import { credentialInText } from "../fleet/credentials.ts";
import {
  ACTIONS_SECRET,
  ENVIRONMENT_SECRET,
  GITHUB_PROVIDER,
  githubType,
  isObject,
  ORGANIZATION_SECRET,
  type Properties,
  type Resource,
  textsIn,
} from "./resource.ts";

/** Where a secret of GitHub can be read. */
export type SecretScope = "repository" | "environment" | "organization" | "codespaces" | "dependabot";

/** Every resource type that writes a secret to GitHub. */
export const SECRET_TYPES: ReadonlyMap<string, SecretScope> = new Map([
  [ACTIONS_SECRET, "repository"],
  [ENVIRONMENT_SECRET, "environment"],
  [ORGANIZATION_SECRET, "organization"],
  [githubType("CodespacesSecret"), "codespaces"],
  [githubType("CodespacesUserSecret"), "codespaces"],
  [githubType("CodespacesOrganizationSecret"), "codespaces"],
  [githubType("DependabotSecret"), "dependabot"],
  [githubType("DependabotOrganizationSecret"), "dependabot"],
]);

const SECRET_PROPERTIES = ["value", "valueEncrypted", "plaintextValue", "encryptedValue"];
const PROVIDER_PROPERTIES = ["token", "appAuth"];

/** Names of the inputs in which a secret belongs, by resource type. */
export function secretProperties(type: string): readonly string[] {
  if (type === GITHUB_PROVIDER) return PROVIDER_PROPERTIES;
  return SECRET_TYPES.has(type) ? SECRET_PROPERTIES : [];
}

/** A resource's inputs without those in which a secret belongs. */
export function plainInputs({ type, inputs }: Pick<Resource, "type" | "inputs">): Properties {
  const secret = secretProperties(type);
  return Object.fromEntries(Object.entries(inputs).filter(([key]) => !secret.includes(key)));
}

/** Shorter texts turn up by chance. */
const SHORTEST_SECRET = 8;

/** The values of a resource's secret inputs; of an App, its key. */
export function secretValues({ type, inputs }: Pick<Resource, "type" | "inputs">): readonly string[] {
  const values = secretProperties(type).flatMap((name) => {
    if (name !== "appAuth") return [...textsIn(inputs[name])].map(({ text }) => text);
    const app = typeof inputs[name] === "string" ? parsed(inputs[name]) : inputs[name];
    return isObject(app) && typeof app.pemFile === "string" ? [app.pemFile] : [];
  });
  return values.filter((value) => value.length >= SHORTEST_SECRET);
}

/** The provider's objects travel as JSON. */
function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** The forms in which a secret turns up in a text: as it is, URL-encoded, and base64 at each of its three offsets. */
export function formsOf(secret: string): readonly string[] {
  const encoded = ["", "x", "xx"].map((before) => {
    // The characters at both ends of a base64 run depend on the neighbours.
    const run = Buffer.from(before + secret)
      .toString("base64")
      .replace(/=+$/, "");
    return run.slice(before === "" ? 0 : 4, -2);
  });
  const urlSafe = encoded.map((run) => run.replaceAll("+", "-").replaceAll("/", "_"));
  return [...new Set([secret, encodeURIComponent(secret), ...encoded, ...urlSafe])];
}

const SHOWN_LENGTH = 120;

/** A resource's text as a message may show it: one printable line, and nothing of what looks like a credential. */
export function shown(text: string): string {
  if (credentialInText(text) !== undefined) return "(not shown: it looks like a credential)";
  const printable = text.replace(/[^\x20-\x7e]+/g, " ").trim();
  return printable.length > SHOWN_LENGTH ? `${printable.slice(0, SHOWN_LENGTH)}...` : printable;
}
