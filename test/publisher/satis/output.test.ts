import { expect, it } from "vitest";
import { readOutput } from "../../../publisher/satis/output.ts";

const TARGETS = [
  { id: "github.com/acme/core", packageName: "acme/core" },
  { id: "github.com/acme/core-ui", packageName: "acme/core-ui" },
  { id: "git.acme.example/php/mail", packageName: "acme/mail" },
];
const read = (...lines: string[]) => readOutput(lines.join("\n"), TARGETS, "github.com");
const blamed = (...lines: string[]) => read(...lines).faults.map((fault) => fault.package);

// Texts of composer/satis (PackageSelection) and composer/composer (VcsRepository, GitDriver, GitHubDriver, Util\Git, Util\GitHub).
it.each([
  ["The acme/core * requirement did not match any package", "acme/core"],
  ["The acme/Core ^2.0 requirement did not match any package", "acme/core"],
  [
    "acme/core-ui-1.0.0.0 has no source left after applying the strip-hosts filters and will be removed",
    "acme/core-ui",
  ],
  [
    "No valid composer.json was found in any branch or tag of https://github.com/acme/core.git, could not load a package from it.",
    "acme/core",
  ],
  [
    "Failed to update https://github.com/acme/core, package information from this repository may be outdated",
    "acme/core",
  ],
  ["Failed to clone git@github.com:acme/core.git to read package information from it", "acme/core"],
  [
    "Failed to clone the git@github.com:acme/core.git repository, try running in interactive mode so that you can enter your GitHub credentials",
    "acme/core",
  ],
  [
    "Failed to execute git clone --mirror -- https://***@github.com/acme/core.git /home/cache/vcs/x",
    "acme/core",
  ],
  ["fatal: repository 'https://git.acme.example/php/mail.git/' not found", "acme/mail"],
  [
    '  The "https://api.github.com/repos/acme/core" file could not be downloaded (HTTP/2 404 )  ',
    "acme/core",
  ],
  [
    "Skipping Exception 'The \"https://api.github.com/repos/Acme/Core/branches\" file could not be downloaded'.",
    "acme/core",
  ],
  ["No driver found to handle VCS repository https://git.acme.example/php/mail", "acme/mail"],
  [
    "GitHub API limit (5000 calls/hr) is exhausted, could not fetch https://api.github.com/repos/acme/core/tags.",
    "acme/core",
  ],
])("blames a package: %s", (line, name) => {
  expect(blamed(line)).toEqual([name]);
});

it("blames nobody for what is said while all is well", () => {
  const said = read(
    "Scanning packages",
    "Reading composer.json of acme/core (v1.0.0)",
    "Importing tag v1.0.0 (1.0.0.0)",
    "Selected acme/core (1.0.0)",
    "Wrote packages to /tmp/out/p2/acme/core.json",
    "Pruning include directories",
    "https://github.com/acme/core.git",
  );
  expect(said).toMatchObject({ faults: [], complaints: [], leftOut: [] });
});

it("keeps complaints that name nobody, as the reason of a failure", () => {
  expect(read("In Foo.php line 3:", "", "  Allowed memory size exhausted  ").complaints).toEqual([
    "Allowed memory size exhausted",
  ]);
  expect(read("fatal: repository 'https://github.com/acme/other' not found")).toMatchObject({ faults: [] });
});

it("tells which tags are left out, of which package", () => {
  const said = read(
    "Reading composer.json of acme/core (nonsense)",
    "Skipped tag nonsense, invalid tag name",
    "Reading composer.json of acme/mail (2.0)",
    "Skipped tag 2.0, tag (2.0.0.0) does not match version (2.0.1.0) in composer.json",
    "Skipped branch wip, no composer file",
  );
  expect(said.leftOut).toEqual([
    { package: "acme/core", tag: "nonsense", reason: "invalid tag name" },
    {
      package: "acme/mail",
      tag: "2.0",
      reason: "tag (2.0.0.0) does not match version (2.0.1.0) in composer.json",
    },
  ]);
  expect(said.faults).toEqual([]);
});

it("knows what satis.json leaves out", () => {
  const { unselected, faults } = read(
    "Skipped acme/core (dev)",
    "Blacklisted acme/core-ui (1.0.0)",
    "Excluded acme/mail (1.0.0) because library was not in the array of types to include.",
  );
  expect([...unselected]).toEqual(["acme/core", "acme/core-ui", "acme/mail"]);
  expect(faults).toEqual([]);
});

it("gives one fault a package, fit to print", () => {
  const line = "Failed to clone https://github.com/acme/core.git \u001b[31m";
  const { faults } = read(line, line);
  expect(faults).toHaveLength(1);
  expect(faults[0]?.message).toBe("Failed to clone https://github.com/acme/core.git \\u{1b}[31m");
});
