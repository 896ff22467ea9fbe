import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseRepositoryUrl } from "../../fleet/repository-url.ts";
import { TOKEN } from "./support.ts";

const read = (text: string, host?: string) => {
  const { url, refused } = parseRepositoryUrl(text, host);
  return url === undefined ? `refused: ${refused.message}` : `${url.kind} ${url.host} ${url.path}`;
};

describe("one repository of GitHub", () => {
  const forms = (owner: string, repository: string) => [
    `https://github.com/${owner}/${repository}`,
    `https://github.com/${owner}/${repository}.git`,
    `https://github.com/${owner}/${repository}/`,
    `https://github.com/${owner}/${repository}.git/`,
    `http://github.com/${owner}/${repository}`,
    `HTTPS://www.GitHub.com/${owner}/${repository}`,
    `https://github.com:443/${owner}/${repository}`,
    `https://github.com./${owner}/${repository}`,
    `https://someone@github.com/${owner}/${repository}`,
    `git://github.com/${owner}/${repository}.git`,
    `git@github.com:${owner}/${repository}`,
    `git@github.com:${owner}/${repository}.git`,
    `git@github.com:/${owner}/${repository}/`,
    `github.com:${owner}/${repository}.git`,
    `ssh://git@github.com/${owner}/${repository}.git`,
    `ssh://git@github.com:22/${owner}/${repository}`,
    `ssh://git@ssh.github.com:443/${owner}/${repository}`,
    `git+ssh://git@github.com/${owner}/${repository}`,
    `https://github.com/${owner}/${repository.replaceAll(".", "%2E")}`,
    `https://github.com/${owner.toUpperCase()}/${repository.toUpperCase()}`,
  ];

  test.each(forms("UCF", "Main-Site.Theme"))("is the same written %s", (text) => {
    expect(read(text)).toBe("github github.com ucf/main-site.theme");
    expect(parseRepositoryUrl(text).url?.printable).toBe("https://github.com/ucf/main-site.theme");
  });

  const owner = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9-]{0,38}$/);
  const repository = fc
    .stringMatching(/^[A-Za-z0-9._][A-Za-z0-9._-]{0,30}$/)
    .filter((name) => !/^\.{1,2}$|\.git$/i.test(name));

  test("is the same in every form, whatever its name", () => {
    fc.assert(
      fc.property(owner, repository, fc.nat(), (o, r, pick) => {
        const all = forms(o, r);
        expect(read(all[pick % all.length] ?? "")).toBe(`github github.com ${o}/${r}`.toLowerCase());
      }),
      { numRuns: 500 },
    );
  });

  test("is not another one: two names give two paths", () => {
    fc.assert(
      fc.property(owner, repository, owner, repository, (o1, r1, o2, r2) => {
        const same = read(`git@github.com:${o1}/${r1}`) === read(`https://github.com/${o2}/${r2}.git`);
        expect(same).toBe(`${o1}/${r1}`.toLowerCase() === `${o2}/${r2}`.toLowerCase());
      }),
    );
  });

  test("printed, it reads as itself", () => {
    fc.assert(
      fc.property(owner, repository, (o, r) => {
        const { url } = parseRepositoryUrl(`git@github.com:${o}/${r}`);
        expect(parseRepositoryUrl(url?.printable ?? "").url).toEqual(url);
      }),
    );
  });
});

describe("other places", () => {
  test.each([
    ["ssh://git@hub.example.com:7999/dru/air-theme.git", "other hub.example.com dru/air-theme"],
    ["https://gitlab.com/Group/sub/Project.git", "other gitlab.com Group/sub/Project"],
    ["git@bitbucket.org:o/r.git", "other bitbucket.org o/r"],
    ["https://dev.azure.com/o/My%20Project/_git/r", "other dev.azure.com o/My Project/_git/r"],
    ["https://github.com.evil.example/ucf/theme", "other github.com.evil.example ucf/theme"],
    ["https://api.github.com/repos/ucf/theme", "other api.github.com repos/ucf/theme"],
    ["svn://svn.example.org/repos/x/trunk", "other svn.example.org repos/x/trunk"],
    ["/srv/git/theme.git", "local  /srv/git/theme.git"],
    ["./packages/theme", "local  ./packages/theme"],
  ])("%s is %s", (text, expected) => {
    expect(read(text)).toBe(expected);
  });

  test("print without user and query", () => {
    expect(parseRepositoryUrl("https://someone@x.org:8443/o/r.git?x=1").url?.printable).toBe(
      "https://x.org:8443/o/r",
    );
  });

  test("on GitHub Enterprise its own host is the fleet's GitHub, and github.com is another", () => {
    expect(read("git@GHE.example.com:Team/App.git", "ghe.example.com")).toBe(
      "github ghe.example.com team/app",
    );
    expect(read("https://ghe.example.com:8443/Team/App", "ghe.example.com")).toBe(
      "github ghe.example.com team/app",
    );
    expect(read("https://github.com/Team/App", "ghe.example.com")).toBe("other github.com Team/App");
  });
});

describe("what is refused", () => {
  test.each([
    "",
    " https://github.com/o/r",
    "https://github.com/o/r\n",
    "https://github.com/o/r\u0000",
    "https://github.com/o/r\u202e",
    "https://github.com/o/$(id)",
    "https://github.com/o/`id`",
    "https://github.com/o/r;id",
    "https://github.com/o/r|id",
    "https://github.com/o/r&id",
    "https://github.com/o/${{secrets.X}}",
    "https://github.com/o/${{ secrets.X }}",
    "https://github.com/o/r'",
    'https://github.com/o/r"',
    "https://github.com/o/r\\x",
    "https://github.com/o/%24%28id%29",
    "https://github.com/o/r%0Aid",
    "https://github.com/o/%E0%A4%A",
    "https://github.com/o/%2e%2e",
    "https://github.com/o/../r",
    "https://github.com/../r",
    "https://github.com/o/..",
    "https://github.com/o/-r",
    "https://github.com/-o/r",
    "https://github.com/o",
    "https://github.com/",
    "https://github.com",
    "https://github.com/o/r/tree/main",
    "https://github.com/o//r",
    "https://github.com/o/r?x=1",
    "https://github.com/o/r#main",
    "https://github.com/o/.git",
    "https://github.com/o_/r!",
    `https://github.com/o/${"r".repeat(101)}`,
    `https://github.com/${"o".repeat(40)}/r`,
    "https://$(id)@github.com/o/r",
    "https://x.org/$(id)",
    "https://x.org/%24%28id%29",
    "https://x.org/a/../b",
    "https://",
    "https:/github.com/o/r",
    "https://-x.org/o/r",
    "https://x.org:99999999/o/r",
    "git@-oProxyCommand=id:o/r",
    "-oProxyCommand=id",
    "--upload-pack=id",
    "ext::sh -c id",
    "ext::id",
    "fd::17",
    "file:///etc",
    "file:/etc",
    "FILE://host/x",
    "javascript://x/y",
    "github.com/o/r",
    "www.github.com/o/r",
    "../sibling",
    "a/../../b",
  ])("%j", (text) => {
    expect(read(text)).toMatch(/^refused: /);
  });

  test.each([
    `https://${TOKEN}@github.com/o/r`,
    "https://me:hunter2@github.com/o/r",
    "me:hunter2@github.com:o/r",
  ])("a credential, without repeating it: %#", (text) => {
    const { refused } = parseRepositoryUrl(text);
    expect(refused).toMatchObject({ credential: true });
    expect(JSON.stringify(refused)).not.toMatch(/hunter2|ghp_/);
  });

  test("whatever is written, what comes out for GitHub follows GitHub's grammar and nothing throws", () => {
    const piece = fc.oneof(
      fc.constantFrom(
        "https://",
        "git@",
        "github.com",
        ":",
        "/",
        "..",
        "-",
        ".git",
        "$(id)",
        "%2e",
        "%0a",
        "@",
        "?",
        "#",
        "o",
        "r",
        "\n",
        "${{x}}",
        "'",
      ),
      fc.string({ maxLength: 4, unit: "binary" }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 10 }), (pieces) => {
        const { url, refused } = parseRepositoryUrl(pieces.join(""));
        if (url?.kind === "github")
          expect(url.path).toMatch(/^[a-z0-9][a-z0-9_-]{0,38}\/[a-z0-9._][a-z0-9._-]{0,99}$/);
        expect(`${url?.printable ?? ""}${refused?.message ?? ""}`).not.toMatch(/[\p{Cc}\p{Cs}]/u);
      }),
      { numRuns: 3_000 },
    );
  });
});
