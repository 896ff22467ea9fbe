import type { Rule } from "../policy/rule.ts";
import { RULES } from "../policy/rules.ts";

const HEADER = `# Policies

<!-- generated from policy/rules by \`npm run docs\`; a test says when it is stale -->

What a fleet must meet, whoever changed satis.json, the configuration or the program last. Pulumi runs the pack itself:

\`\`\`sh
pulumi preview --policy-pack policy
pulumi preview --policy-pack policy --policy-pack-config policy-config.json
\`\`\`

A mandatory rule that is broken fails the preview, and nothing is changed. Rules about one resource also stop an update before that resource is touched; rules about
the stack are asked at the end of a run, so never update with \`--skip-preview\`. What a preview does not know yet is judged once it is known. Rules judge
what the program asks for, and start from the inputs that its components register, never from names of resources. No message shows the value of a secret.

The configuration is a JSON file with the rules by name: a level (\`"advisory"\`, \`"mandatory"\`, \`"disabled"\`), or an object with options and, where wanted, \`enforcementLevel\`;
\`all\` stands for every rule that is not named.

\`\`\`json
{
  "repository-visibility": { "allowed": ["private", "internal", "public"] },
  "workflow-has-timeouts": { "enforcementLevel": "advisory", "maximumMinutes": 30 }
}
\`\`\`

\`fleet up\`, \`fleet drift --repair\`, \`fleet rotate\`, \`fleet doctor\` and the workflows of this repository always run the pack, with \`policy-config.json\` beside satis.json where there is one, or
\`--policy-config FILE\`. \`fleet lint\` checks the file; editors do with \`schemas/policy-config.schema.json\`. A rule or option that the pack does not have is a fault with its line:
Pulumi itself passes over a misspelt name and says nothing.
`;

/** docs/policies.md, rendered from the rules of the pack. */
export function renderPolicies(): string {
  const overview = RULES.map(
    ({ name, description, kind, level = "mandatory" }) =>
      `| [\`${name}\`](#${name}) | ${cell(description)} | ${kind} | ${level} |`,
  );
  const table = ["| rule | what holds | about | level |", "| --- | --- | --- | --- |", ...overview];
  return `${[HEADER, `${table.join("\n")}\n`, ...RULES.map(section)].join("\n")}`;
}

function section({ name, description, reason, options }: Rule): string {
  const rows = Object.entries(options).map(
    ([option, { description: doc, default: value }]) =>
      `| \`${option}\` | ${cell(doc)} | \`${cell(JSON.stringify(value))}\` |`,
  );
  const table = ["| option | | default |", "| --- | --- | --- |", ...rows].join("\n");
  return `## ${name}\n\n${description} ${reason}\n${rows.length === 0 ? "" : `\n${table}\n`}`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
