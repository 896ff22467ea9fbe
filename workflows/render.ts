import { Document, isScalar, Scalar, visit } from "yaml";
import type { Workflow } from "./model.ts";
import type { ActionPin } from "./pins.ts";

/** First line of every managed file; drift detection and people know a managed file by it. */
export const MANAGED_HEADER =
  "Managed by satis-fleet, do not edit: the next `pulumi up` puts back what is written here.";

/**
 * The workflow file's text: the same bytes for equal input, ASCII only, LF, no folded line, ending with a newline.
 *
 * Whatever a value holds, it stays that value: the library quotes it, and characters outside ASCII are escaped, for YAML 1.1
 * readers take some of them (U+0085, U+2028, U+2029) as line breaks.
 */
export function renderWorkflow(workflow: Workflow): string {
  const { header = [], ...content } = workflow;
  const document = new Document(content, stringsOnly, { aliasDuplicateObjects: false });
  document.commentBefore = [MANAGED_HEADER, ...header].map((line) => ` ${ascii(line)}`).join("\n");
  visit(document, {
    Pair(_, pair) {
      const key = isScalar(pair.key) ? pair.key.value : undefined;
      if (key === "uses") pin(pair);
      else if (key === "run" && isScalar(pair.value)) pair.value.type = Scalar.BLOCK_LITERAL;
    },
    Scalar(key, node) {
      if (key !== "key" && typeof node.value === "string" && /[^\x20-\x7e\n]/.test(node.value)) {
        node.type = Scalar.QUOTE_DOUBLE;
      }
    },
  });
  return escapeNonAscii(document.toString({ lineWidth: 0, blockQuote: "literal" }));
}

/** Lone surrogates have no form in UTF-8, and would fail in every reader. */
function stringsOnly(_: unknown, value: unknown): unknown {
  return typeof value === "string" ? value.toWellFormed() : value;
}

/** Turns `uses: {action, commit, version}` into `uses: action@commit # version`; a called workflow stays its path. */
function pin(pair: { value: unknown }): void {
  if (isScalar(pair.value)) return;
  const { action, commit, version } = (pair.value as { toJSON(): ActionPin }).toJSON();
  const uses = new Scalar(`${action}@${commit}`);
  uses.comment = ` ${version}`;
  pair.value = uses;
}

/** Escaped, not dropped: two repositories' headers stay different. */
function ascii(line: string): string {
  return line.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Only double-quoted scalars hold such characters by now, and there an escape means the character. */
function escapeNonAscii(text: string): string {
  return text.replace(/[^\n\x20-\x7e]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code > 0xffff
      ? `\\U${code.toString(16).padStart(8, "0")}`
      : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}
