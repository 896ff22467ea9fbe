import { credentialInText } from "../../fleet/credentials.ts";
import { textsIn } from "../resource.ts";
import type { ResourceRule } from "../rule.ts";
import { plainInputs, shown } from "../secrets.ts";

export const noTokenInPlainInput: ResourceRule<Record<string, never>> = {
  kind: "resource",
  name: "no-token-in-plain-input",
  description: "No input but those meant for secrets holds a text that is shaped like a credential.",
  reason:
    "Inputs stand in the state, in previews and on GitHub in clear; only the properties meant for secrets are encrypted.",
  options: {},
  check(resource) {
    return [...textsIn(plainInputs(resource))].flatMap(({ path, text }) => {
      const kind = credentialInText(text);
      return kind === undefined
        ? []
        : [
            `the input ${shown(path)} holds ${kind}: take it out, revoke it, and pass a new one with pulumi config set --secret`,
          ];
    });
  },
};
