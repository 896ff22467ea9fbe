import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Tree } from "../tree.ts";

/** A tree that is served on this machine as it will be served to consumers. */
export interface Served {
  /** What a consumer would write as the repository's `url`, but for scheme and host. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves a tree under its own path on loopback, by what `metadata-url` says: a Pages site, or GitHub's contents API with its `?ref=`.
 *
 * Only files of the tree are answered, and only under exactly that path and query.
 */
export async function serveTree(tree: Tree, metadataUrl: string): Promise<Served> {
  const { pathname, search } = new URL(metadataUrl.replace("%package%", "NAME"), "http://127.0.0.1");
  const prefix = pathname.slice(0, pathname.indexOf("p2/NAME"));
  const server = createServer((request, response) => {
    const asked = new URL(request.url ?? "/", "http://127.0.0.1");
    const path = asked.pathname.startsWith(prefix) ? decoded(asked.pathname.slice(prefix.length)) : undefined;
    if (path === undefined || asked.search !== search || !tree.has(path)) {
      response.writeHead(404).end();
      return;
    }
    tree.read(path).then(
      (content) => response.writeHead(200, { "content-type": "application/json" }).end(content),
      () => response.writeHead(500).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}${prefix}packages.json${search}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}
