import { describe, expect, test } from "vitest";
import {
  credentialInText,
  credentialInUrl,
  findCredentials,
  isPlaceholder,
  redactCredentials,
} from "../../fleet/credentials.ts";
import { TOKEN } from "./support.ts";

describe("a URL", () => {
  test.each([
    "https://user:hunter2@github.com/o/r",
    `https://${TOKEN}@github.com/o/r`,
    `https://${TOKEN}:x-oauth-basic@github.com/o/r`,
    "https://0123456789abcdef0123456789abcdef01234567@github.com/o/r",
    "ssh://git:hunter2@host/o/r",
    "git:hunter2@host:o/r",
    "https://user:p@ss:w@rd@host/o/r",
    "https://gitlab.com/o/r?private_token=hunter2",
    `https://example.org/${TOKEN}/x`,
  ])("%s carries a credential, and redacted it does not", (url) => {
    expect(credentialInUrl(url)).toBeDefined();
    const redacted = redactCredentials(`see ${url}, please`);
    expect(redacted).not.toMatch(/hunter2|0123456789|p@ss|w@rd/);
    expect(redacted).toContain("please");
  });

  test.each([
    "https://github.com/o/r",
    "git@github.com:o/r.git",
    "ssh://git@host:7999/o/r.git",
    "https://someone@bitbucket.org/o/r",
    "https://user:${TOKEN}@host/o/r",
    "https://%env(TOKEN)%@host/o/r",
    "https://host/o/r?token=$TOKEN",
  ])("%s carries none", (url) => {
    expect(credentialInUrl(url)).toBeUndefined();
    expect(redactCredentials(url)).toBe(url);
  });

  test("a password that holds a slash is hidden, though no URL has it", () => {
    expect(redactCredentials("https://user:hun/ter2@host/o/r")).toBe("https://***@host/o/r");
  });
});

describe("a document", () => {
  const where = (document: unknown) => findCredentials(document).map(({ path }) => path.join("."));

  test.each<[string, unknown, string]>([
    [
      "http-basic",
      { config: { "http-basic": { "x.org": { username: "me", password: "hunter2" } } } },
      "config.http-basic.x.org.password",
    ],
    [
      "http-basic with a token as user",
      { config: { "http-basic": { "x.org": { username: TOKEN } } } },
      "config.http-basic.x.org.username",
    ],
    [
      "github-oauth",
      { config: { "github-oauth": { "github.com": "hunter2" } } },
      "config.github-oauth.github.com",
    ],
    [
      "gitlab-token",
      { config: { "gitlab-token": { "x.org": { username: "me", token: "hunter2" } } } },
      "config.gitlab-token.x.org.token",
    ],
    [
      "bitbucket-oauth",
      { config: { "bitbucket-oauth": { b: { "consumer-secret": "hunter2" } } } },
      "config.bitbucket-oauth.b.consumer-secret",
    ],
    ["bearer", { config: { bearer: { "x.org": "hunter2" } } }, "config.bearer.x.org"],
    [
      "custom headers",
      { config: { "custom-headers": { "x.org": ["API-TOKEN: hunter2"] } } },
      "config.custom-headers.x.org.0",
    ],
    [
      "a header",
      { repositories: [{ options: { http: { header: ["Accept: a/b", "Authorization: Bearer hunter2"] } } }] },
      "repositories.0.options.http.header.1",
    ],
    [
      "an ssh2 passphrase",
      { repositories: [{ options: { ssh2: { passphrase: "hunter2" } } }] },
      "repositories.0.options.ssh2.passphrase",
    ],
    ["a password in a URL", { repositories: [{ url: "https://u:hunter2@x.org/r" }] }, "repositories.0.url"],
    [
      "a key of an object",
      { repositories: { [`https://${TOKEN}@x.org`]: false } },
      `repositories.https://${TOKEN}@x.org`,
    ],
    ["a token in free text", { description: `ask for ${TOKEN}` }, "description"],
    ["a private key", { extra: "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl" }, "extra"],
  ])("literal credentials are found in %s", (_what, document, path) => {
    expect(where(document)).toEqual([path]);
  });

  test.each<[string, unknown]>([
    [
      "placeholders",
      {
        config: { "github-oauth": { "github.com": "${GITHUB_TOKEN}" }, bearer: { "x.org": "%env(TOKEN)%" } },
      },
    ],
    [
      "a header from the environment",
      { options: { http: { header: ["Authorization: Bearer ${TOKEN}", "Accept: text/plain"] } } },
    ],
    ["paths of keys", { options: { ssh2: { username: "git", privkey_file: "~/.ssh/id_ed25519" } } }],
    [
      "packages whose names sound like it",
      { require: { "acme/token": "^1", "acme/password": "*" }, abandoned: { "a/secret": true } },
    ],
    ["free text about it", { description: "a basic password: ask the token team" }],
  ])("%s are none", (_what, document) => {
    expect(where(document)).toEqual([]);
  });
});

test.each(["$TOKEN", "${token}", "${{ secrets.TOKEN }}", "{{ token }}", "%TOKEN%", "%env(TOKEN)%", ""])(
  "%j names where a secret comes from",
  (text) => expect(isPlaceholder(text)).toBe(true),
);

test.each(["hunter2", "$hunter2", "$(cat key)", "a${TOKEN}", "<token>"])("%j is no placeholder", (text) => {
  expect(isPlaceholder(text)).toBe(false);
});

test("a megabyte without meaning is searched in time", { timeout: 5_000 }, () => {
  for (const filling of ["a", "a:", "a@", "?", "-", "-----BEGIN A", "://a:"]) {
    const text = filling.repeat(1_000_000 / filling.length);
    expect(redactCredentials(text).length).toBeGreaterThan(0);
  }
});

test("a private key is hidden to its end", () => {
  const key = "-----BEGIN RSA PRIVATE KEY-----\nMIIBOgIBAAJB\nAKj34Gkx\n-----END RSA PRIVATE KEY-----";
  expect(redactCredentials(`a ${key} b`)).toBe("a *** b");
  expect(redactCredentials(JSON.stringify(key))).toBe('"***"');
});

describe("a credential in any text", () => {
  test("is known of each issuer, and hidden", () => {
    const shapes = {
      [`ghs_${"a1".repeat(18)}`]: "a GitHub token",
      "ghs_123456_eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOjF9.c2ln": "a GitHub token",
      [`github_pat_${"a1".repeat(41)}`]: "a GitHub token",
      [`glpat-${"a1".repeat(10)}`]: "a GitLab token",
      [`pul-${"a1".repeat(20)}`]: "a Pulumi token",
      [`xoxb-${"1".repeat(12)}`]: "a Slack token",
      [`AKIA${"A1".repeat(8)}`]: "an AWS access key",
      [`npm_${"a1".repeat(18)}`]: "an npm token",
      [`sk_live_${"a1".repeat(12)}`]: "a Stripe key",
      [`AIza${"a1".repeat(18)}`]: "a Google API key",
      "-----BEGIN RSA PRIVATE KEY-----": "a private key",
      "https://user:hunter2@example.com/": "a password in a URL",
      "https://user:%41bcdefgh@example.com/": "a password in a URL",
      "https://user:$money1@example.com/": "a password in a URL",
    };
    for (const [text, kind] of Object.entries(shapes)) {
      expect(credentialInText(`x ${text} y`)).toBe(kind);
      expect(redactCredentials(`x ${text} y`)).toContain("***");
    }
  });

  test("is not seen in names, addresses, scripts and placeholders", () => {
    for (const text of [
      "https://x-access-token:${TOKEN}@github.com/",
      "https://user:%env(TOKEN)%@host/",
      "https://user:***@host/",
      "run: a:b@c",
      "ghp_short",
      "https://user@host/x",
      "git@github.com:acme/lib.git",
      "http://host:80/a@b",
    ]) {
      expect(credentialInText(text)).toBeUndefined();
    }
  });
});
