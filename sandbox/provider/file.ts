/** github.RepositoryFile: one commit a write, and every read asks for the commit that the state remembers. */
import { isStatus, segment } from "./client.ts";
import { listAt, numberAt, textAt } from "./json.ts";
import { type Data, type Definition, type GitHub, joinId, repositoryPath, splitId } from "./resource.ts";
import { opt, out, req, type Schema } from "./schema.ts";

const unused = { suppressed: true, refused: true } as const;

const schema: Schema = {
  autocreateBranch: opt("bool", { default: false, ...unused }),
  autocreateBranchSourceBranch: opt("string", { default: "main", ...unused }),
  autocreateBranchSourceSha: opt("string", { computed: true, ...unused }),
  branch: opt("string", { computed: true, forceNew: true }),
  commitAuthor: opt("string", { requiredWith: "commitEmail" }),
  commitEmail: opt("string", { requiredWith: "commitAuthor" }),
  commitMessage: opt("string", { computed: true }),
  commitSha: out("string"),
  content: req("string"),
  file: req("string", { forceNew: true }),
  overwriteOnCreate: opt("bool", { default: false }),
  ref: out("string", { forceNew: true }),
  repository: req("string"),
  repositoryId: out("int"),
  sha: out("string"),
};

export function repositoryFile(github: GitHub): Definition {
  return {
    schema,
    schemaVersion: 1,
    tracksRepository: true,
    create: (data) => create(github, data),
    read: (data) => read(github, data),
    update: (data) => update(github, data),
    remove: (data) => remove(github, data),
    import: (data) => importFile(github, data),
  };
}

async function create(github: GitHub, data: Data): Promise<void> {
  const [repository, file] = [data.text("repository"), data.text("file")];
  const path = repositoryPath(github, repository);
  const { body: repo } = await github.call("GET", path);
  const branch = data.text("branch") || textAt(repo, "default_branch");
  if (data.text("branch") !== "") await mustHaveBranch(github, path, branch);
  const existing = await contents(github, data, branch);
  if (existing !== undefined && !data.flag("overwriteOnCreate")) {
    throw new Error(
      "refusing to overwrite existing file: configure `overwrite_on_create` to `true` to override",
    );
  }
  const { body } = await github.call("PUT", writePath(path, file), {
    body: commit(data, data.text("commitMessage") || `Add ${file}`, textAt(existing, "sha")),
  });
  data.id = joinId(repository, file, branch);
  data.set({ commitSha: textAt(body, "commit", "sha"), branch, repositoryId: numberAt(repo, "id") });
  await read(github, data);
}

async function read(github: GitHub, data: Data): Promise<void> {
  const found = await contents(github, data, data.text("branch"));
  if (found === undefined) {
    data.id = "";
    return;
  }
  const ref = refOf(found);
  data.set({ content: decoded(found), sha: textAt(found, "sha"), ref });
  const path = repositoryPath(github, data.text("repository"));
  const known = data.text("commitSha");
  const body = known
    ? (await github.call("GET", commitPath(path, known))).body
    : await lastCommit(github, data, ref);
  const [name, email] = [
    textAt(body, "commit", "committer", "name"),
    textAt(body, "commit", "committer", "email"),
  ];
  const own = name !== "GitHub" && email !== "noreply@github.com";
  if (own && data.text("commitAuthor") && data.text("commitEmail")) {
    data.set({ commitAuthor: name, commitEmail: email });
  }
  data.set({ commitSha: textAt(body, "sha"), commitMessage: textAt(body, "commit", "message") });
}

async function update(github: GitHub, data: Data): Promise<void> {
  const [repository, file] = [data.text("repository"), data.text("file")];
  const path = repositoryPath(github, repository);
  const body = commit(data, renamedMessage(data, "Update"), data.text("sha"));
  const { body: answer } = await github.call("PUT", writePath(path, file), { body });
  data.set({ commitSha: textAt(answer, "commit", "sha") });
  if (data.changed("repository", "file", "branch")) data.id = joinId(repository, file, data.text("branch"));
  await read(github, data);
}

async function remove(github: GitHub, data: Data): Promise<void> {
  const path = writePath(repositoryPath(github, data.text("repository")), data.text("file"));
  const body = commit(data, renamedMessage(data, "Delete"), data.text("sha"));
  try {
    await github.call("DELETE", path, { body });
  } catch (error) {
    if (!isArchived(error)) throw error;
  }
}

async function importFile(github: GitHub, data: Data): Promise<void> {
  const [repository = "", file = "", given = ""] = splitId(data.id, 3);
  const { body: repo } = await github.call("GET", repositoryPath(github, repository));
  const branch = given || textAt(repo, "default_branch");
  data.set({ repository, file, branch, repositoryId: numberAt(repo, "id"), overwriteOnCreate: false });
  const path = `${repositoryPath(github, repository)}/contents/${readPath(file)}`;
  await github.call("GET", `${path}?ref=${encodeURIComponent(branch)}`);
  data.id = joinId(repository, file, branch);
}

/** Deleting from, or updating, a repository that was archived: 403 and a text that says so. */
export function isArchived(error: unknown): boolean {
  return isStatus(error, 403) && error.answered.toLowerCase().includes("archived");
}

async function contents(github: GitHub, data: Data, branch: string): Promise<unknown> {
  const path = `${repositoryPath(github, data.text("repository"))}/contents/${readPath(data.text("file"))}`;
  try {
    const { body } = await github.call("GET", `${path}?ref=${encodeURIComponent(branch)}`);
    return Array.isArray(body) ? undefined : body;
  } catch (error) {
    if (isStatus(error, 404)) return undefined;
    throw error;
  }
}

/** A branch that is missing ends in this text and nothing else; 301 is followed twice, as after a rename. */
async function mustHaveBranch(github: GitHub, path: string, branch: string): Promise<void> {
  let at = `${path}/branches/${segment(branch)}`;
  for (let hops = 0; ; hops++) {
    const { status, headers } = await github.call("GET", at, { manual: true });
    const location = headers.location;
    if (status === 200) return;
    if (status !== 301 || hops === 2 || location === undefined) {
      throw new Error(`unexpected status code: ${status} ${REASONS[status] ?? ""}`);
    }
    at = location;
  }
}

const REASONS: Readonly<Record<number, string>> = {
  301: "Moved Permanently",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  500: "Internal Server Error",
};

/** The newest commit that touched the file and is no merge, found as the real provider finds it. */
async function lastCommit(github: GitHub, data: Data, ref: string): Promise<unknown> {
  const [repository, file] = [data.text("repository"), data.text("file")];
  const path = repositoryPath(github, repository);
  const query = `path=${encodeURIComponent(file)}&sha=${encodeURIComponent(ref)}`;
  const { body: commits } = await github.call("GET", `${path}/commits?${query}`);
  for (const candidate of Array.isArray(commits) ? commits : []) {
    if (textAt(candidate, "commit", "message").includes("Merge branch")) continue;
    const { body } = await github.call("GET", commitPath(path, textAt(candidate, "sha")));
    const touched = listAt(body, "files").some(
      (changed) => textAt(changed, "filename") === file && textAt(changed, "status") !== "removed",
    );
    if (touched) return body;
  }
  throw new Error(`cannot find file ${file} in repo ${github.owner}/${repository}`);
}

function commit(data: Data, message: string, sha: string): Record<string, unknown> {
  const [name, email] = [data.text("commitAuthor"), data.text("commitEmail")];
  const author = name && email ? { author: { name, email }, committer: { name, email } } : {};
  const branch = data.text("branch");
  return {
    message,
    content: Buffer.from(data.text("content")).toString("base64"),
    ...(sha ? { sha } : {}),
    ...(branch ? { branch } : {}),
    ...author,
  };
}

/** A stored default message becomes that of the operation; any other is used again. */
function renamedMessage(data: Data, verb: "Update" | "Delete"): string {
  const [stored, file] = [data.text("commitMessage"), data.text("file")];
  return stored === "" || stored === `Add ${file}` ? `${verb} ${file}` : stored;
}

function readPath(file: string): string {
  return file.split("/").map(segment).join("/");
}

/** The real provider does not escape here: a `%` in a file's name fails, and a `#` ends it. */
function writePath(repository: string, file: string): string {
  const wrong = /%(?![0-9a-fA-F]{2}).{0,2}/.exec(file);
  if (wrong) {
    const path = `${decodeURIComponent(repository)}/contents/${file}`;
    throw new Error(`parse "${path}": invalid URL escape "${wrong[0]}"`);
  }
  return `${repository}/contents/${readPath(file.replace(/#.*/, ""))}`;
}

function commitPath(repository: string, sha: string): string {
  return `${repository}/commits/${segment(sha)}`;
}

function decoded(found: unknown): string {
  const [content, encoding] = [textAt(found, "content"), textAt(found, "encoding")];
  if (encoding === "base64") return Buffer.from(content, "base64").toString();
  if (encoding === "") return content;
  if (encoding !== "none") throw new Error(`unsupported content encoding: ${encoding}`);
  throw new Error(
    "unsupported content encoding: none, this may occur when file size > 1 MB, if that is the case consider using DownloadContents",
  );
}

function refOf(found: unknown): string {
  const query = textAt(found, "url").split("?")[1] ?? "";
  const ref = new URLSearchParams(query).get("ref");
  if (ref === null) throw new Error("runtime error: index out of range [0] with length 0");
  return ref;
}
