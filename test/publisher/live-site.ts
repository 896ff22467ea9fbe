import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join, normalize } from "node:path";

/** A public site as Pages serves one: what was deployed last, below a path. */
export interface LiveSite {
  /** As `registryUrl` has it. */
  readonly url: string;
  readonly metadataUrl: string;
  /** Every request: its address and whether it carried a token. */
  readonly requests: readonly { readonly url: string; readonly authorized: boolean }[];
  /** Shows a directory from now on. */
  deploy(directory: string): void;
  close(): Promise<void>;
}

export async function liveSite(): Promise<LiveSite> {
  let root: string | undefined;
  const requests: { url: string; authorized: boolean }[] = [];
  const server = createServer(async (request, response) => {
    requests.push({ url: request.url ?? "", authorized: request.headers.authorization !== undefined });
    const path = new URL(request.url ?? "/", "http://site").pathname.replace(/^\/registry\//, "");
    const content =
      root === undefined ? undefined : await readFile(join(root, normalize(path))).catch(() => undefined);
    response.writeHead(content === undefined ? 404 : 200, { "content-type": "application/json" });
    response.end(content);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/registry`,
    metadataUrl: "/registry/p2/%package%.json",
    requests,
    deploy: (directory) => {
      root = directory;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
