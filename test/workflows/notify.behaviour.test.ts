import { existsSync, readFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { notifyWorkflow } from "../../workflows/notify.ts";
import {
  evaluate,
  executable,
  NOTIFY,
  type Outcome,
  parseWorkflow,
  runScript,
  scratch,
  stepsOf,
} from "./support.ts";

const TOKEN = "github_pat_11ABCDEFG0123456789_secret";

interface Request {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

type Answer = (response: ServerResponse) => void;

interface Run extends Outcome {
  readonly requests: readonly Request[];
  /** Every argument that curl got, in all calls. */
  readonly arguments: string;
  /** Seconds that the script wanted to wait. */
  readonly waits: readonly number[];
}

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

const status =
  (code: number, headers: Record<string, string> = {}, body = ""): Answer =>
  (response) =>
    response.writeHead(code, headers).end(body);
const drop: Answer = (response) => response.destroy();

/** Runs the notify step against a server that gives these answers in turn, the last one for ever. */
async function notify(answers: readonly Answer[], options = NOTIFY, token = TOKEN): Promise<Run> {
  const requests: Request[] = [];
  const listening = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    requests.push({ method: request.method, url: request.url, headers: request.headers, body });
    answers[Math.min(requests.length, answers.length) - 1]?.(response);
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));

  const bin = scratch();
  const path = process.env.PATH ?? "";
  executable(bin, "curl", `printf '%s\\n' "$@" >>"$RECORDS/curl.log"\nPATH="$REAL_PATH" exec curl "$@"\n`);
  executable(bin, "sleep", `printf '%s\\n' "$1" >>"$RECORDS/sleep.log"\n`);
  const step = stepsOf(parseWorkflow(notifyWorkflow(options)))[0];
  const given = Object.entries(step?.env ?? {}).map(([name, value]) => [
    name,
    value.startsWith("${{ secrets.") ? token : evaluate(value),
  ]);
  const outcome = await runScript(step?.run ?? "exit 99", {
    ...Object.fromEntries(given),
    GITHUB_API_URL: `http://127.0.0.1:${(listening.address() as AddressInfo).port}`,
    PATH: `${bin}:${path}`,
    REAL_PATH: path,
    RECORDS: bin,
  });
  const read = (name: string) => (existsSync(join(bin, name)) ? readFileSync(join(bin, name), "utf8") : "");
  return {
    ...outcome,
    requests,
    arguments: read("curl.log"),
    waits: read("sleep.log").split("\n").filter(Boolean).map(Number),
  };
}

describe("the notify step", () => {
  it.each([200, 204])("sends one dispatch and is done when GitHub answers %s", async (code) => {
    const run = await notify([status(code)]);
    expect(run.code).toBe(0);
    expect(run.output).toContain("Told acme/composer");
    expect(run.requests).toHaveLength(1);
    const [request] = run.requests;
    expect(request?.method).toBe("POST");
    expect(request?.url).toBe("/repos/acme/composer/actions/workflows/partial-build.yml/dispatches");
    expect(request?.headers.authorization).toBe(`Bearer ${TOKEN}`);
    expect(request?.headers["content-type"]).toBe("application/json");
    expect(JSON.parse(request?.body ?? "")).toEqual({ ref: "main", inputs: { package: "acme/anvil" } });
  });

  it("keeps a hostile name a JSON text on its way through the shell", async () => {
    const name = "$(id) `id` '\"\\ ${{ secrets.X }} @/etc/passwd\n-H é";
    const run = await notify([status(204)], { ...NOTIFY, dispatchName: name });
    expect(run.code).toBe(0);
    expect(JSON.parse(run.requests[0]?.body ?? "").inputs.package).toBe(name);
  });

  it("never shows the token, in no output and on no command line", async () => {
    for (const answers of [[status(204)], [status(401)], [status(500)], [drop]]) {
      const run = await notify(answers);
      expect(run.arguments).toContain("--config");
      for (const form of [TOKEN, Buffer.from(TOKEN).toString("base64")]) {
        expect(run.arguments).not.toContain(form);
        expect(run.output).not.toContain(form);
      }
      server?.close();
    }
  });

  it.each([
    [401, "expired or was revoked"],
    [403, "Actions: write"],
    [404, "cannot see it"],
    [422, "branch that it is started on"],
    [418, "does not know"],
  ])("explains a %s and stops", async (code, text) => {
    const run = await notify([status(code, {}, '{"message":"because\\n::warning::of this"}\n::warning::x')]);
    expect(run.code).toBe(1);
    expect(run.output).toMatch(/^::error title=Composer repository not notified::/);
    expect(run.output).toContain(text);
    expect(run.output.trimEnd().split("\n")).toHaveLength(1);
    expect(run.requests).toHaveLength(1);
    expect(run.waits).toEqual([]);
  });

  it("tries again after an error of the server", async () => {
    const run = await notify([status(500), status(204)]);
    expect(run.code).toBe(0);
    expect(run.requests).toHaveLength(2);
    expect(run.waits).toEqual([2]);
  });

  it("tries again after a dropped connection", async () => {
    const run = await notify([drop, status(204)]);
    expect(run.code).toBe(0);
    expect(run.requests).toHaveLength(2);
  });

  it.each([403, 429])("waits as long as a %s asks for, a minute at most", async (code) => {
    const run = await notify([
      status(code, { "Retry-After": "30" }),
      status(code, { "Retry-After": "9999" }),
      status(204),
    ]);
    expect(run.code).toBe(0);
    expect(run.waits).toEqual([30, 60]);
  });

  it("gives up after five tries, with growing waits", async () => {
    const run = await notify([status(503)]);
    expect(run.code).toBe(1);
    expect(run.requests).toHaveLength(5);
    expect(run.waits).toEqual([2, 4, 8, 16]);
    expect(run.output).toContain("in 5 attempts (last: 503)");
  });

  it("says what to do where the secret is missing, and sends nothing", async () => {
    const run = await notify([status(204)], NOTIFY, "");
    expect(run.code).toBe(1);
    expect(run.output).toMatch(/^::error .*COMPOSER_REPO_PAT is not set.*pulumi up/);
    expect(run.requests).toEqual([]);
  });

  it.each(["abc\n", 'a"b', "a b", "a\\b", "a\r\nheader = x"])(
    "takes no broken secret for a token: %j",
    async (token) => {
      const run = await notify([status(204)], NOTIFY, token);
      expect(run.code).toBe(1);
      expect(run.output).toContain("is no token");
      expect(run.output).not.toContain(token);
      expect(run.requests).toEqual([]);
    },
  );
});
