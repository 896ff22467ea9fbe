/** One key of the stack's configuration; documentation and README are made from this table. */
export interface ConfigKey {
  /** With its namespace, as Pulumi stores it. */
  readonly name: string;
  readonly type: "text" | "whole number" | "true or false" | "one of" | "list" | "object" | "text or object";
  /** What `one of` allows, and what the texts of `text or object` may be. */
  readonly choices?: readonly string[];
  /** As it would be written with `pulumi config set`; absent where the key has none. */
  readonly default?: string;
  readonly required?: boolean;
  /** Kept encrypted; its value never reaches the pure half of the program. */
  readonly secret?: boolean;
  /** What a value looks like, for remedies and documentation. */
  readonly example: string;
  readonly doc: string;
}

/** Every key that the program reads. */
export const CONFIG_KEYS: readonly ConfigKey[] = [
  {
    name: "github:owner",
    type: "text",
    required: true,
    example: "my-organization",
    doc: "Organization (or user) that owns every repository of this fleet: one stack, one owner.",
  },
  {
    name: "github:token",
    type: "text",
    secret: true,
    example: "TOKEN",
    doc: "Token that manages the repositories. Without it and without github:appAuth the provider reads GITHUB_TOKEN.",
  },
  {
    name: "github:appAuth",
    type: "object",
    secret: true,
    example: '{"id": "1", "installationId": "2", "pemFile": "-----BEGIN ..."}',
    doc: "GitHub App that manages the repositories, instead of a token.",
  },
  {
    name: "github:baseUrl",
    type: "text",
    example: "https://github.example.com/",
    doc: "GitHub Enterprise Server, or the API of GitHub Enterprise Cloud with data residency. Default: github.com.",
  },
  {
    name: "github:writeDelayMs",
    type: "whole number",
    default: "1000",
    example: "1000",
    doc: "Milliseconds between two writes. github.com asks for a second; 1 suits GitHub Enterprise Server.",
  },
  {
    name: "satis-fleet:satisFile",
    type: "text",
    default: "satis.json",
    example: "satis.json",
    doc: "The file that names the packages, relative to the program.",
  },
  {
    name: "satis-fleet:subscriptionsFile",
    type: "text",
    example: "subscriptions.json",
    doc: "The file that says which repositories get updates, relative to the program. Default: subscriptions.json beside satis.json, where there is one.",
  },
  {
    name: "satis-fleet:composerRepository",
    type: "text",
    example: "composer",
    doc: "Name of the repository that builds and serves the registry. Default: that of a github.io homepage of the owner, else composer.",
  },
  {
    name: "satis-fleet:composerBranch",
    type: "text",
    default: "main",
    example: "main",
    doc: "Default branch of the composer repository.",
  },
  {
    name: "satis-fleet:manageRepository",
    type: "true or false",
    default: "true",
    example: "false",
    doc: "false: the composer repository exists and is left as it is, but for what the fleet puts in it.",
  },
  {
    name: "satis-fleet:visibility",
    type: "one of",
    choices: ["private", "internal", "public"],
    default: "private",
    example: "private",
    doc: "Visibility of the composer repository. internal needs plan enterprise.",
  },
  {
    name: "satis-fleet:plan",
    type: "one of",
    choices: ["free", "team", "enterprise"],
    default: "team",
    example: "team",
    doc: "GitHub plan of the owner: what it rules out for private repositories is left out, with a warning.",
  },
  {
    name: "satis-fleet:hosting",
    type: "one of",
    choices: ["pages", "private"],
    default: "pages",
    example: "private",
    doc: "pages: a GitHub Pages site, public unless on Enterprise Cloud. private: consumers read a branch through GitHub's API with their token.",
  },
  {
    name: "satis-fleet:notify",
    type: "one of",
    choices: ["dispatch", "poll"],
    default: "dispatch",
    example: "poll",
    doc: "dispatch: package repositories tell the composer repository about pushes. poll: nothing is put into them; a schedule finds changes.",
  },
  {
    name: "satis-fleet:secretScope",
    type: "one of",
    choices: ["repository", "organization"],
    default: "repository",
    example: "organization",
    doc: "Whether the dispatch token is a secret of each package repository or one of the organization.",
  },
  {
    name: "satis-fleet:secretName",
    type: "text",
    default: "COMPOSER_REPO_PAT",
    example: "COMPOSER_REPO_PAT",
    doc: "Name of the secret that holds the dispatch token.",
  },
  {
    name: "satis-fleet:delivery",
    type: "text or object",
    choices: ["commit", "pull-request"],
    default: "commit",
    example: '{"*": "commit", "owner/repository": "pull-request"}',
    doc: "How the workflow gets into package repositories: committed, or left to a pull request where the branch is protected.",
  },
  {
    name: "satis-fleet:branches",
    type: "object",
    default: "{}",
    example: '{"owner/repository": "develop"}',
    doc: "Branch of the workflow file by repository. Default: the repository's default branch.",
  },
  {
    name: "satis-fleet:renames",
    type: "object",
    default: "{}",
    example: '{"owner/old-name": "owner/new-name"}',
    doc: "Package repositories that were renamed on GitHub, old name to new.",
  },
  {
    name: "satis-fleet:vendors",
    type: "list",
    example: '["my-organization"]',
    doc: "Vendors whose packages the registry may serve. Default: the owner's name in lower case.",
  },
  {
    name: "satis-fleet:maxHeldPercent",
    type: "whole number",
    default: "20",
    example: "20",
    doc: "When more of the packages than this percentage fail at once, nothing is published and the last good registry stays.",
  },
  {
    name: "satis-fleet:maxDeletedPercent",
    type: "whole number",
    default: "10",
    example: "10",
    doc: "When a build would lose more of the published versions than this percentage, nothing is published, although their refs are gone.",
  },
  {
    name: "satis-fleet:reviewers",
    type: "list",
    default: "[]",
    example: '["@my-organization/platform"]',
    doc: "Code owners of the composer repository: @user, @organization/team or e-mail addresses.",
  },
  {
    name: "satis-fleet:commitSatis",
    type: "true or false",
    default: "true",
    example: "false",
    doc: "false: the program lives in the composer repository itself and leaves its satis.json alone.",
  },
  {
    name: "satis-fleet:dispatchToken",
    type: "text",
    secret: true,
    example: "TOKEN",
    doc: "Token that package repositories notify with; needs Actions: write on the composer repository, nothing else. Required with notify dispatch.",
  },
  {
    name: "satis-fleet:readToken",
    type: "text",
    secret: true,
    example: "TOKEN",
    doc: "Token that builds read private package repositories with; needs Contents: read on them.",
  },
  {
    name: "satis-fleet:readAppId",
    type: "text",
    example: "123456",
    doc: "GitHub App whose tokens read the package repositories in builds, instead of satis-fleet:readToken: each run mints its own, of an hour. It needs Contents: read.",
  },
  {
    name: "satis-fleet:readAppKey",
    type: "text",
    secret: true,
    example: "-----BEGIN RSA PRIVATE KEY-----...",
    doc: "Private key of the App that satis-fleet:readAppId names.",
  },
  {
    name: "satis-fleet:announceToken",
    type: "text",
    secret: true,
    example: "TOKEN",
    doc: "Token that tells consumers of new versions; needs Actions: write on the repositories of subscriptions.json, nothing else. Required where there are any.",
  },
  {
    name: "satis-fleet:registryToken",
    type: "text",
    secret: true,
    example: "TOKEN",
    doc: "Token that consumers' updates read the registry with; needs Contents: read on the composer repository, nothing else. Required for subscriptions with hosting private.",
  },
  {
    name: "satis-fleet:consumerToken",
    type: "text or object",
    secret: true,
    example: '{"owner/repository": "TOKEN"}',
    doc: "Token that opens the pull request of the subscription with token true; needs Contents and Pull requests: write on that one repository. With several such repositories an object, a token each.",
  },
];
