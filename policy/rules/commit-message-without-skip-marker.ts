import { text } from "../resource.ts";
import type { ResourceRule } from "../rule.ts";

/** What makes GitHub skip the workflows of a push (GitHub's documentation, "Skipping workflow runs"). */
const SKIP_MARKER = /\[(?:skip ci|ci skip|no ci|skip actions|actions skip)\]|^\s*skip-checks:\s*true/im;

export const commitMessageWithoutSkipMarker: ResourceRule<Record<string, never>> = {
  kind: "resource",
  name: "commit-message-without-skip-marker",
  description: "No commit message carries a marker that makes GitHub skip workflows.",
  reason:
    "GitHub also skips the workflows of a tag that is pushed on such a commit later: the team's next release would be lost.",
  options: {},
  check({ inputs }) {
    const marker = SKIP_MARKER.exec(text(inputs.commitMessage) ?? "")?.[0].trim();
    return marker === undefined ? [] : [`the commit message carries ${marker}: write it without`];
  },
};
