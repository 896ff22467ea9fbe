import { expect, it } from "vitest";
import { type ConfigurationInput, deriveConfiguration } from "../../../publisher/satis/configuration.ts";
import { satisOf, settingsFor } from "../support/plans.ts";

const CORE = { type: "vcs", url: "git@github.com:Acme/core.git", options: { ssl: {} } };
const OTHER = { type: "git", url: "https://git.acme.example/php/mail" };
const PACKAGE = { type: "package", package: { name: "a/b", version: "1" } };
const NAMES = new Map([
  ["github.com/acme/core", "acme/core"],
  ["git.acme.example/php/mail", "acme/mail"],
]);

function derive(repositories: unknown, keys: object = {}, more: Partial<ConfigurationInput> = {}) {
  const input = {
    satis: satisOf(repositories, keys),
    settings: settingsFor(),
    names: NAMES,
    whole: false,
    clones: false,
  };
  return deriveConfiguration({ ...input, ...more });
}

it("gives every entry its package's name, and leaves the rest of it alone", () => {
  expect(derive([CORE, OTHER]).repositories).toEqual([
    { ...CORE, name: "acme/core" },
    { ...OTHER, name: "acme/mail" },
  ]);
});

it("leaves out what is not to be built", () => {
  const gone = { type: "vcs", url: "https://github.com/acme/gone" };
  const off = { "packagist.org": false };
  expect(derive([gone, CORE, PACKAGE, off]).repositories).toEqual([{ ...CORE, name: "acme/core" }, off]);
  expect(derive([gone, PACKAGE], {}, { whole: true }).repositories).toEqual([PACKAGE]);
});

it("keeps an object of entries an object", () => {
  expect(derive({ core: CORE, "packagist.org": false }).repositories).toEqual({
    core: { ...CORE, name: "acme/core" },
    "packagist.org": false,
  });
});

it("keeps what the user selects, and sets what is the publisher's", () => {
  const keys = {
    require: { "acme/core": "^1" },
    "minimum-stability": "stable",
    blacklist: { "acme/mail": "<1" },
    "strip-hosts": ["local"],
    "pretty-print": false,
    archive: { directory: "dist" },
    "output-dir": "/etc",
    "output-html": true,
    "include-filename": "../x$%hash%.json",
    includes: false,
    providers: true,
    "twig-template": "x.twig",
    surprise: 1,
  };
  const { repositories: _, ...rest } = derive([CORE], keys);
  expect(rest).toEqual({
    name: "a",
    homepage: "https://acme.github.io/composer",
    require: { "acme/core": "^1" },
    "minimum-stability": "stable",
    blacklist: { "acme/mail": "<1" },
    "strip-hosts": ["local"],
    "pretty-print": false,
    includes: true,
    "output-html": false,
  });
});

it("takes the file's homepage where the registry is read through the API", () => {
  const settings = { ...settingsFor(), hosting: "private" as const };
  expect(derive([CORE], {}, { settings }).homepage).toBe("https://acme.github.io/composer/");
});

it("lets git read the repositories of GitHub where calls are dear", () => {
  expect(derive([CORE, OTHER], {}, { clones: true }).repositories).toEqual([
    { ...CORE, name: "acme/core", "no-api": true },
    { ...OTHER, name: "acme/mail" },
  ]);
});

it("tells Composer of a GitHub of one's own", () => {
  const settings = { ...settingsFor(), githubHost: "github.acme.example" };
  expect(derive([], { config: { "process-timeout": 9 } }, { settings }).config).toEqual({
    "process-timeout": 9,
    "github-domains": ["github.com", "github.acme.example"],
  });
});
