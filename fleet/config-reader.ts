import { CONFIG_KEYS } from "./config-keys.ts";
import { type Finding, quoted } from "./findings.ts";
import { isRepositoryId } from "./grammar.ts";
import { parseJson } from "./json.ts";

/** File name in findings about configuration. */
export const CONFIG_FILE = "stack config";

const KEYS = new Map(CONFIG_KEYS.map((key) => [key.name, key]));

/** Gives the command that sets a key, for remedies. */
export function setCommand(name: string, value?: string): string {
  const key = KEYS.get(name);
  // Without a value Pulumi asks for it, so that a secret stays out of the shell's history.
  if (key?.secret) return `pulumi config set --secret ${name}`;
  const written = value ?? key?.example ?? "VALUE";
  return `pulumi config set ${name} ${/^[\w./:@-]+$/.test(written) ? written : `'${written}'`}`;
}

export function configFault(message: string, remedy: string): Finding {
  return { severity: "fault", file: CONFIG_FILE, message, remedy };
}

export function configWarning(message: string, remedy: string): Finding {
  return { severity: "warning", file: CONFIG_FILE, message, remedy };
}

type Fits = (text: string) => boolean;

/** Typed access to raw values; what does not fit becomes a fault, and a default stands in so that reading goes on. */
export interface Reader {
  raw(name: string): string;
  text(name: string, fits: Fits, complaint: string): string;
  optional(name: string, fits: Fits, complaint: string): string | undefined;
  wholeNumber(name: string): number;
  /** 0 to 100. */
  percentage(name: string): number;
  flag(name: string): boolean;
  choice<const Choice extends string>(name: string, choices: readonly [Choice, ...Choice[]]): Choice;
  list(name: string, fits: Fits, complaint: string, fallback: readonly string[]): readonly string[];
  /** Keys are `owner/repository`, given in lower case, or the wildcard. */
  map(name: string, fits: Fits, complaint: string, wildcard?: string): Map<string, string>;
}

/** Reads keys of `values`, by the defaults of the table of keys, and adds its faults to `findings`. */
export function reader(values: ReadonlyMap<string, string>, findings: Finding[]): Reader {
  const complain = (name: string, complaint: string) => {
    findings.push(configFault(`${name} ${complaint}`, setCommand(name)));
  };
  const raw = (name: string) => values.get(name) ?? KEYS.get(name)?.default ?? "";
  const optional = (name: string, fits: Fits, complaint: string) => {
    const value = values.get(name);
    if (value === undefined) return undefined;
    if (fits(value)) return value;
    complain(name, `${complaint}: ${quoted(value)}`);
    return undefined;
  };
  return {
    raw,
    optional,
    text(name, fits, complaint) {
      const key = KEYS.get(name);
      if (key?.required && !values.has(name)) complain(name, "is missing");
      return optional(name, fits, complaint) ?? key?.default ?? "";
    },
    wholeNumber(name) {
      if (/^\d{1,9}$/.test(raw(name))) return Number(raw(name));
      complain(name, `is no whole number of 0 or more: ${quoted(raw(name))}`);
      return 0;
    },
    percentage(name) {
      if (/^(?:\d{1,2}|100)$/.test(raw(name))) return Number(raw(name));
      complain(name, `is no percentage from 0 to 100: ${quoted(raw(name))}`);
      return 0;
    },
    flag(name) {
      if (!["true", "false"].includes(raw(name)))
        complain(name, `is neither true nor false: ${quoted(raw(name))}`);
      return raw(name) === "true";
    },
    choice(name, choices) {
      const found = choices.find((choice) => choice === raw(name));
      if (found === undefined) complain(name, `is none of ${choices.join(", ")}: ${quoted(raw(name))}`);
      return found ?? choices.find((choice) => choice === KEYS.get(name)?.default) ?? choices[0];
    },
    list: (name, fits, complaint, fallback) =>
      values.has(name) ? listOf(json(raw(name)), fits, (what) => complain(name, what), complaint) : fallback,
    map: (name, fits, complaint, wildcard) =>
      mapOf(json(raw(name)), fits, (what) => complain(name, what), { complaint, wildcard }),
  };
}

/** Strict JSON, so that a key written twice is seen; undefined where it is none. */
function json(text: string): unknown {
  return parseJson(text, { file: CONFIG_FILE }).document?.value;
}

function listOf(value: unknown, fits: Fits, complain: (what: string) => void, complaint: string): string[] {
  if (!Array.isArray(value)) {
    complain("is no list of texts");
    return [];
  }
  return value.filter((item): item is string => {
    const good = typeof item === "string" && fits(item);
    if (!good) complain(`${complaint}: ${quoted(typeof item === "string" ? item : JSON.stringify(item))}`);
    return good;
  });
}

function mapOf(
  value: unknown,
  fits: Fits,
  complain: (what: string) => void,
  { complaint, wildcard }: { readonly complaint: string; readonly wildcard: string | undefined },
): Map<string, string> {
  const map = new Map<string, string>();
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    complain("is no object, or one with a key written twice");
    return map;
  }
  for (const [key, item] of Object.entries(value)) {
    const id = key.toLowerCase();
    if (id !== wildcard && !isRepositoryId(key))
      complain(`has a key that is no owner/repository: ${quoted(key)}`);
    else if (map.has(id)) complain(`has a key in two letter cases: ${quoted(key)}`);
    else if (typeof item !== "string" || !fits(item)) complain(`${complaint}, for ${quoted(key)}`);
    else map.set(id, item);
  }
  return map;
}
