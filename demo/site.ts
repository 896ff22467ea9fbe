import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join, normalize } from "node:path";

/** A served folder. */
export interface ServedFolder {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  close(): Promise<void>;
}

/** Serves a folder below `path`, as Pages does as far as Composer and browsers ask: files, index.html, and 404. */
export async function serveFolder(folder: string, path: string): Promise<ServedFolder> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    const file = normalize(decodeURIComponent(pathname.slice(path.length))).replace(/^\/+/, "");
    const inside = pathname.startsWith(`${path}/`) && !file.startsWith("..");
    readFile(join(folder, inside ? file || "index.html" : "\0missing")).then(
      (content) => {
        const type = file.endsWith(".json") ? "application/json" : "text/html; charset=utf-8";
        response.writeHead(200, { "content-type": type }).end(content);
      },
      () => response.writeHead(404).end("not found"),
    );
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  server.unref();
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}
