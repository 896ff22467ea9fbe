import { data, Evaluator, Lexer, Parser } from "@actions/expressions";

/** What expressions may name, and how the job stands. */
export interface Scope {
  /** `github`, `inputs`, `secrets`, `env`, `steps`, `needs`, `runner`, `vars`: plain data. */
  readonly contexts: Readonly<Record<string, unknown>>;
  readonly status: "success" | "failure" | "cancelled";
}

const STATUS = ["success", "failure", "cancelled", "always"] as const;

function toData(value: unknown): data.ExpressionData {
  if (value === undefined || value === null) return new data.Null();
  if (typeof value === "string") return new data.StringData(value);
  if (typeof value === "number") return new data.NumberData(value);
  if (typeof value === "boolean") return new data.BooleanData(value);
  if (Array.isArray(value)) return new data.Array(...value.map(toData));
  return new data.Dictionary(...Object.entries(value).map(([key, one]) => ({ key, value: toData(one) })));
}

function evaluate(expression: string, { contexts, status }: Scope): data.ExpressionData {
  const functions = STATUS.map((name) => ({ name, minArgs: 0, maxArgs: 0 }));
  const { tokens } = new Lexer(expression).lex();
  const parsed = new Parser(tokens, Object.keys(contexts), functions).parse();
  const definitions = new Map(
    functions.map((info) => [
      info.name,
      { ...info, call: () => new data.BooleanData(info.name === "always" || info.name === status) },
    ]),
  );
  return new Evaluator(parsed, toData(contexts) as data.Dictionary, definitions).evaluate();
}

/** A text with its `${{ }}` replaced, as GitHub does before anything else sees it. */
export function expand(text: string, scope: Scope): string {
  return text.replace(/\$\{\{(.*?)\}\}/gs, (_, expression: string) =>
    evaluate(expression, scope).coerceString(),
  );
}

/** A value that is one expression keeps its type: inputs of a called workflow may be booleans. */
export function expandValue(value: unknown, scope: Scope): unknown {
  if (typeof value !== "string") return value;
  const [, whole] = /^\$\{\{((?:(?!\}\}).)*)\}\}$/s.exec(value.trim()) ?? [];
  if (whole === undefined) return expand(value, scope);
  const result = evaluate(whole, scope);
  return result.kind === new data.BooleanData(true).kind
    ? result.coerceString() === "true"
    : result.coerceString();
}

/** Whether a condition holds; one that names no status asks for success besides. */
export function holds(condition: string | boolean | undefined, scope: Scope): boolean {
  if (condition === undefined) return scope.status === "success";
  const bare = String(condition).replace(/^\s*\$\{\{(.*)\}\}\s*$/s, "$1");
  const asked = STATUS.some((name) => new RegExp(`\\b${name}\\s*\\(`).test(bare));
  if (!asked && scope.status !== "success") return false;
  const text = evaluate(bare, scope).coerceString();
  return !["", "false", "0"].includes(text);
}
