import type { AddressInfo } from "node:net";
import { createAdaptorServer, type HttpBindings } from "@hono/node-server";
import { Hono } from "hono";
import { ok, type Route, route } from "./call.ts";
import { fail } from "./errors.ts";
import { answer, type Desk } from "./http.ts";
import type { State } from "./state.ts";

/**
 * The path as routes know it.
 *
 * Without the prefix of GitHub Enterprise Server; addresses by repository id become addresses by name, and those of
 * git get a place where no route of the API can take them.
 */
function routedPath(github: State, url: string): string {
  const start = url.indexOf("/", url.indexOf("//") + 2);
  const end = url.indexOf("?", start);
  let path = url.slice(start, end < 0 ? undefined : end);
  if (path === "/api/graphql") return "/graphql";
  if (path.startsWith("/api/v3/")) path = path.slice("/api/v3".length);
  const byId = /^\/repositories\/(\d+)(\/.*)?$/.exec(path);
  if (byId !== null) {
    const repo = github.byId.get(Number(byId[1]));
    return repo === undefined ? "/repositories" : `/repos/${repo.owner}/${repo.name}${byId[2] ?? ""}`;
  }
  const byGit = /^\/([^/]+)\/([^/]+?)(?:\.git)?\/(info\/refs|git-upload-pack|git-receive-pack)$/.exec(path);
  return byGit === null ? path : `/_git/${byGit[1]}/${byGit[2]}/${byGit[3]}`;
}

const META: readonly Route[] = [
  route("GET", "/meta", "metadata", () => ok({ verifiable_password_authentication: false }), { open: true }),
];

/** A server that listens on this machine only. */
export interface Listening {
  readonly port: number;
  close(): Promise<void>;
}

/** Serves the routes on 127.0.0.1; port 0 takes a free one. */
export async function listen(
  github: State,
  desk: Desk,
  routes: readonly Route[],
  port: number,
): Promise<Listening> {
  const app = new Hono<{ Bindings: HttpBindings }>({ getPath: (request) => routedPath(github, request.url) });
  for (const route of [...META, rateLimit(desk), ...routes]) {
    app.on(route.method, route.path, (context) => answer(github, desk, route, context));
  }
  const unknown: Route = route("GET", "*", "metadata", () => fail(404, "Not Found"), { open: true });
  app.notFound((context) => answer(github, desk, unknown, context));
  const server = createAdaptorServer({ fetch: app.fetch, hostname: "127.0.0.1" });
  if ("keepAliveTimeout" in server) server.keepAliveTimeout = 300_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        if ("closeAllConnections" in server) server.closeAllConnections();
      }),
  };
}

function rateLimit(desk: Desk): Route {
  return route(
    "GET",
    "/rate_limit",
    "metadata",
    (call) => {
      const { used, reset } = desk.window(call.secret ?? "");
      const core = { limit: desk.limit, used, remaining: Math.max(desk.limit - used, 0), reset };
      return ok({ resources: { core, graphql: core }, rate: core });
    },
    { open: true },
  );
}
