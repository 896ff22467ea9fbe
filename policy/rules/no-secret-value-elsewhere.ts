import { textsIn } from "../resource.ts";
import type { StackRule } from "../rule.ts";
import { formsOf, plainInputs, secretValues, shown } from "../secrets.ts";

export const noSecretValueElsewhere: StackRule<Record<string, never>> = {
  kind: "stack",
  name: "no-secret-value-elsewhere",
  description: "The value of a secret turns up in no other input, neither as it is nor encoded.",
  reason:
    "A token without a known shape is found by its value only; base64 and URL encoding hide it from nobody.",
  options: {},
  check({ resources }) {
    const forms = [...new Set(resources.flatMap(secretValues))].flatMap(formsOf);
    if (forms.length === 0) return [];
    return resources.flatMap((resource) =>
      [...textsIn(plainInputs(resource))]
        .filter(({ text }) => forms.some((form) => text.includes(form)))
        .map(({ path }) => ({
          urn: resource.urn,
          message: `the input ${shown(path)} holds the value of a secret: take it out, revoke the token, and set a new one with pulumi config set --secret`,
        })),
    );
  },
};
