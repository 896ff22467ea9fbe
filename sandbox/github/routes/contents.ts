import { refuse } from "../access.ts";
import { type Answer, type Call, ok, type Route, route } from "../call.ts";
import { fail, found } from "../errors.ts";
import { isFilePath, type Person, TREE_MODE, type TreeEntry } from "../git-objects.ts";
import { commitChange, committerNow } from "../repository.ts";
import { guardRef } from "../rules.ts";
import { gitCommitView } from "../views.ts";

const encodePath = (path: string) => path.split("/").map(encodeURIComponent).join("/");

/** An entry as the contents API lists it. The provider reads the ref back from `url`. */
function entryView(call: Call, path: string, entry: TreeEntry, ref: string) {
  const folder = entry.mode === TREE_MODE;
  const { git, owner, name } = call.repo;
  const url = `${call.repoUrl}/contents/${encodePath(path)}?ref=${encodeURIComponent(ref)}`;
  const gitUrl = `${call.repoUrl}/git/${folder ? "trees" : "blobs"}/${entry.sha}`;
  const html = `${call.origin}/${owner}/${name}/${folder ? "tree" : "blob"}/${ref}/${encodePath(path)}`;
  return {
    name: entry.name,
    path,
    sha: entry.sha,
    size: folder ? 0 : git.blob(entry.sha).length,
    url,
    html_url: html,
    git_url: gitUrl,
    download_url: folder ? null : `${call.origin}/${owner}/${name}/raw/${ref}/${encodePath(path)}`,
    type: folder ? "dir" : entry.mode === "120000" ? "symlink" : "file",
    _links: { self: url, git: gitUrl, html },
  };
}

/** Base64 as GitHub breaks it: 60 characters a line. */
const base64 = (data: Buffer) => data.toString("base64").replace(/.{60}/g, "$&\n");

function fileView(call: Call, path: string, entry: TreeEntry, ref: string) {
  const content = base64(call.repo.git.blob(entry.sha));
  return { ...entryView(call, path, entry, ref), content: `${content}\n`, encoding: "base64" };
}

function getContents(call: Call): Answer {
  const { repo } = call;
  const path = call.param("path").replace(/^\/+|\/+$/g, "");
  const ref = call.query.get("ref") ?? repo.defaultBranch;
  if (repo.git.refs.size === 0) fail(404, path === "" ? "This repository is empty." : "Not Found");
  const sha = found(repo.git.resolve(ref), `No commit found for the ref ${ref}`);
  const commit = repo.git.commit(sha);
  const entry = found(repo.git.entryAt(commit.tree, path));
  const raw = /application\/vnd\.github(\.v3)?\.raw/.test(call.header("accept") ?? "");
  if (entry.mode === TREE_MODE) {
    const prefix = path === "" ? "" : `${path}/`;
    return ok(repo.git.tree(entry.sha).map((one) => entryView(call, prefix + one.name, one, ref)));
  }
  const modified = new Date(commit.committer.date);
  const headers = { "last-modified": modified.toUTCString() };
  const since = Date.parse(call.header("if-modified-since") ?? "");
  if (call.header("if-none-match") === undefined && since >= modified.getTime())
    return { status: 304, headers };
  if (!raw) return { status: 200, body: fileView(call, path, entry, ref), headers };
  const type = { "content-type": "application/vnd.github.raw; charset=utf-8" };
  return { status: 200, body: repo.git.blob(entry.sha), headers: { ...headers, ...type } };
}

function person(call: Call, field: string): Person | undefined {
  const value = call.body[field];
  if (typeof value !== "object" || value === null) return undefined;
  const { name, email, date } = value as Partial<Person>;
  const fallback = committerNow(call.login);
  if (date !== undefined && Number.isNaN(Date.parse(date))) fail(422, `${field}.date is not a valid time`);
  return { name: name ?? fallback.name, email: email ?? fallback.email, date: date ?? fallback.date };
}

/** What PUT and DELETE have in common: path, branch, the file as it is, and the right to change it. */
function target(call: Call) {
  const { repo, body } = call;
  const path = call.param("path");
  if (!isFilePath(path)) fail(422, "path contains a malformed path component");
  const branch = typeof body.branch === "string" ? body.branch : repo.defaultBranch;
  const head = repo.git.head(branch);
  if (head === undefined && repo.git.refs.size > 0) fail(404, `Branch ${branch} not found`);
  const permissions = call.token?.permissions;
  if (path.startsWith(".github/workflows/") && permissions && permissions.workflows !== "write") {
    refuse("contents=write; workflows=write");
  }
  if (head !== undefined) guardRef(repo, `refs/heads/${branch}`, "update", call.token);
  const before = head === undefined ? undefined : repo.git.entryAt(repo.git.commit(head).tree, path);
  return { path, branch, before };
}

function commit(call: Call, path: string, branch: string, sha: string | undefined): string {
  const [author, committer] = [person(call, "author"), person(call, "committer")];
  const change = {
    branch,
    message: call.need("message"),
    edits: new Map([[path, sha ? { mode: "100644", sha } : undefined]]),
  };
  const names = committer ?? author ?? committerNow(call.login);
  return commitChange(call.repo, { ...change, committer: names, author: author ?? names });
}

function putContents(call: Call): Answer {
  const message = call.need("message");
  const content = call.body.content;
  if (typeof content !== "string") return fail(422, 'Invalid request.\n\n"content" wasn\'t supplied.');
  const stripped = content.replace(/\s/g, "");
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(stripped) || stripped.length % 4 === 1)
    fail(422, "content is not valid Base64");
  const { path, branch, before } = target(call);
  const known = call.body.sha;
  if (before !== undefined && typeof known !== "string") {
    fail(422, 'Invalid request.\n\n"sha" wasn\'t supplied.');
  }
  if (typeof known === "string" && known !== "" && before?.sha !== known)
    fail(409, `${path} does not match ${known}`);
  if (before?.mode === TREE_MODE) fail(422, `${path} is a directory; ${message}`);
  const blob = call.repo.git.put("blob", Buffer.from(stripped, "base64"));
  const sha = commit(call, path, branch, blob);
  const name = path.slice(path.lastIndexOf("/") + 1);
  const view = entryView(call, path, { mode: "100644", name, sha: blob }, branch);
  return {
    status: before === undefined ? 201 : 200,
    body: { content: view, commit: gitCommitView(call, sha) },
  };
}

function deleteContents(call: Call): Answer {
  call.need("message");
  const known = call.need("sha");
  const { path, branch, before } = target(call);
  if (found(before).sha !== known) fail(409, `${path} does not match ${known}`);
  const sha = commit(call, path, branch, undefined);
  return ok({ content: null, commit: gitCommitView(call, sha) });
}

const C = "/repos/:owner/:repo/contents";

/** Files through the contents API. */
export const contentRoutes: readonly Route[] = [
  route("GET", C, "contents", getContents),
  route("GET", `${C}/:path{.*}`, "contents", getContents),
  route("PUT", `${C}/:path{.+}`, "contents", putContents),
  route("DELETE", `${C}/:path{.+}`, "contents", deleteContents),
];
