/** GitHub for somebody with a token of their own: what is done behind the program's back, over HTTP. */

/** The API of an emulated GitHub; paths begin below its base address, such as `repos/acme/lib`. */
export type Api = (method: string, path: string, body?: object) => Promise<Record<string, unknown>>;

/** A change that a stranger makes. */
export type Act = (api: Api) => Promise<unknown>;

/** Opens the API of an emulated GitHub. @throws where it refuses. */
export function strangersApi(url: string): Api {
  return async (method, path, body) => {
    const headers = { authorization: "Bearer sandbox-stranger" };
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const response = await fetch(`${url}${path}`, { method, headers, ...sent });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.status === 204 ? {} : ((await response.json()) as Record<string, unknown>);
  };
}

/** What {@link editFile} leaves at the end of a file. */
export const EDIT = "# edited by hand\n";

/** Commits a file. */
export function writeFile(
  repository: string,
  path: string,
  text: string,
  message: string,
  sha?: string,
): Act {
  const content = Buffer.from(text).toString("base64");
  return (api) => api("PUT", contents(repository, path), { message, content, ...(sha ? { sha } : {}) });
}

/** Adds a line to a file that is there. */
export function editFile(repository: string, path: string): Act {
  return async (api) => {
    const { sha, content } = await api("GET", contents(repository, path));
    const text = `${Buffer.from(String(content), "base64")}${EDIT}`;
    return writeFile(repository, path, text, "Edit", String(sha))(api);
  };
}

/** Removes a file that is there. */
export function deleteFile(repository: string, path: string): Act {
  return async (api) => {
    const { sha } = await api("GET", contents(repository, path));
    return api("DELETE", contents(repository, path), { message: "Remove", sha });
  };
}

function contents(repository: string, path: string): string {
  return `repos/${repository}/contents/${path}`;
}
