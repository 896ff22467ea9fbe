import { NOTIFY_PATH } from "../../../workflows/notify.ts";

const COMPOSER_PATHS = [".github/workflows/", ".github/satis-fleet/", ".github/CODEOWNERS", "satis.json"];
const configured = (rule: string, option: string, value: unknown) =>
  `${JSON.stringify({ [rule]: { [option]: value } })} in the policy pack's configuration`;
const DELETE_FIRST =
  "a replacement would write it and then delete it: write deleteBeforeReplace: true in its options";

/** What is said of the program of lawless.ts: rule, logical name, message; sorted. */
export const RESOURCE_FAULTS: readonly string[] = [
  "commit-message-without-skip-marker | acme/tool-workflow | the commit message carries [skip ci]: write it without",
  `delete-before-replace | acme/lib-token | ${DELETE_FIRST}`,
  `delete-before-replace | stranger | ${DELETE_FIRST}`,
  `managed-paths | composer-satis.json | src/satis.json is outside of what the fleet may write (${COMPOSER_PATHS.join(", ")}): move the file, or allow it with ${configured("managed-paths", "composer", [...COMPOSER_PATHS, "src/satis.json"])}`,
  "no-token-in-plain-input | composer-repository | the input description holds a GitHub token: take it out, revoke it, and pass a new one with pulumi config set --secret",
  "protected-from-deletion | composer-pages | the Pages site is not protected: write protect: true in its options",
  `repository-visibility | composer-repository | visibility public is not allowed (private, internal): pulumi config set satis-fleet:visibility private, or allow it with ${configured("repository-visibility", "allowed", ["private", "internal", "public"])}`,
  `secret-name-and-scope | acme/lib-token | the secret ANOTHER is not named COMPOSER_REPO_PAT: name it so, or allow the name with ${configured("secret-name-and-scope", "packageNames", ["ANOTHER"])}`,
  "secret-name-and-scope | stranger | the secret belongs to no component of the fleet: let the fleet make it, or take it out",
  `workflow-composer-floor | acme/lib-workflow | ${NOTIFY_PATH}, job build runs Composer and asks for no version: write COMPOSER_FLOOR: 2.9.8 and check it, or tools: composer:2.9.8`,
  `workflow-has-no-pull-request-target | acme/lib-workflow | ${NOTIFY_PATH} starts on pull_request_target: write another event, such as pull_request`,
  `workflow-has-timeouts | acme/lib-workflow | ${NOTIFY_PATH}, job build has no timeout-minutes that is a number: write how many minutes it may take`,
  `workflow-parses | acme/tool-workflow | ${NOTIFY_PATH} is no YAML at line 1, column 4 (block as implicit key): correct the file`,
  `workflow-pins-actions | acme/lib-workflow | ${NOTIFY_PATH}, job build, step 1: actions/checkout@v4 is not pinned: write the full commit after the @, with the version as a comment`,
  `workflow-runs-no-untrusted-input | acme/lib-workflow | ${NOTIFY_PATH}, job build, step 3: the script holds \${{ github.event.pull_request.title }}: pass it by env and use the variable, or call it harmless with ${configured("workflow-runs-no-untrusted-input", "trusted", ["github.event.pull_request.title"])}`,
  `workflow-sets-permissions | acme/lib-workflow | ${NOTIFY_PATH} does not set permissions at its top: write "permissions: {}" and give each job what it needs`,
];

export const STACK_FAULTS: readonly string[] = [
  `default-branch-protected | composer | composer: the default branch's ruleset lacks enforcement "active": write it`,
  "dispatch-token-only-where-needed | acme/lib-token | the dispatch token goes to stranger, which is not the package's repository: write lib",
  "dispatch-token-only-where-needed | composer-read-token | the secret REGISTRY_READ_TOKEN holds the dispatch token, which everybody who may write a package repository can read: give it a token of its own",
  "no-secret-value-elsewhere | composer-repository | the input description holds the value of a secret: take it out, revoke the token, and set a new one with pulumi config set --secret",
  "package-has-secret-and-workflow | acme/lib | the repository lib has no secret COMPOSER_REPO_PAT: make an ActionsSecret for it",
  `package-has-secret-and-workflow | acme/tool | ${NOTIFY_PATH} does not use the secret COMPOSER_REPO_PAT: write \${{ secrets.COMPOSER_REPO_PAT }} in it`,
  `pages-https | composer | the registry's address http://packages.acme.com/ is not https: write "homepage": "https://..." in satis.json`,
  "secrets-in-limited-environment | composer-read-token | the environment of the secret REGISTRY_READ_TOKEN also lets * in: take that pattern out, main is enough",
];
