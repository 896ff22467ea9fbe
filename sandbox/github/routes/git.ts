import { type Answer, type Call, created, noContent, ok, page, type Route, route } from "../call.ts";
import { fail, found } from "../errors.ts";
import { isFilePath, isRefName, type Person, TREE_MODE } from "../git-objects.ts";
import { committerNow, type Json, moveRef } from "../repository.ts";
import { guardRef } from "../rules.ts";
import { commitView, gitCommitView, refView } from "../views.ts";

function needRefs(call: Call): void {
  if (call.repo.git.refs.size === 0) fail(409, "Git Repository is empty.");
}

function branchView(call: Call): Answer {
  const name = call.param("branch");
  const sha = found(call.repo.git.head(name), "Branch not found");
  const rules = [...call.repo.rulesets.values()].some((ruleset) => ruleset.enforcement === "active");
  return ok({ name, commit: commitView(call, sha), protected: rules && name === call.repo.defaultBranch });
}

function named(call: Call, prefix: string): Answer {
  const names = [...call.repo.git.refs].filter(([name]) => name.startsWith(prefix)).sort();
  const items = names.map(([name, object]) => {
    const sha = call.repo.git.resolve(object) ?? object;
    const tag = name.slice(prefix.length);
    const zipball_url = `${call.repoUrl}/zipball/refs/tags/${tag}`;
    const commit = { sha, url: `${call.repoUrl}/commits/${sha}` };
    return prefix === "refs/tags/"
      ? { name: tag, commit, zipball_url }
      : { name: tag, commit, protected: false };
  });
  return page(call, items);
}

function renameBranch(call: Call): Answer {
  const { repo } = call;
  const from = call.param("branch");
  const to = call.need("new_name");
  const sha = found(repo.git.head(from), "Branch not found");
  if (!isRefName(`refs/heads/${to}`)) fail(422, `${to} is not a valid branch name`);
  moveRef(repo, `refs/heads/${from}`, undefined);
  moveRef(repo, `refs/heads/${to}`, sha);
  if (repo.defaultBranch === from) repo.defaultBranch = to;
  return created({ name: to, commit: commitView(call, sha), protected: false });
}

function getRef(call: Call): Answer {
  needRefs(call);
  const name = `refs/${call.param("ref")}`;
  return ok(refView(call, name, found(call.repo.git.refs.get(name))));
}

function matchingRefs(call: Call): Answer {
  needRefs(call);
  const prefix = `refs/${call.param("ref")}`;
  const names = [...call.repo.git.refs].filter(([name]) => name.startsWith(prefix)).sort();
  return page(
    call,
    names.map(([name, sha]) => refView(call, name, sha)),
  );
}

function createRef(call: Call): Answer {
  const { git } = call.repo;
  const name = call.need("ref");
  const sha = call.need("sha");
  if (!isRefName(name)) fail(422, `${name} is not a valid ref name.`);
  if (git.refs.has(name)) fail(422, "Reference already exists");
  if (git.get(sha) === undefined) fail(422, "Object does not exist");
  const nested = [...git.refs.keys()].some(
    (other) => other.startsWith(`${name}/`) || name.startsWith(`${other}/`),
  );
  if (nested) fail(422, "Reference update failed");
  guardRef(call.repo, name, "create", call.token);
  moveRef(call.repo, name, sha);
  return created(refView(call, name, sha));
}

function updateRef(call: Call): Answer {
  const { git } = call.repo;
  const name = `refs/${call.param("ref")}`;
  const sha = call.need("sha");
  const before = git.refs.get(name);
  if (before === undefined) return fail(422, "Reference does not exist");
  if (git.get(sha) === undefined) fail(422, "Object does not exist");
  const forward = git.get(sha, "commit") !== undefined && git.isAncestor(before, sha);
  if (!forward && call.body.force !== true) fail(422, "Update is not a fast forward");
  guardRef(call.repo, name, forward ? "update" : "force", call.token);
  moveRef(call.repo, name, sha);
  return ok(refView(call, name, sha));
}

function deleteRef(call: Call): Answer {
  const name = `refs/${call.param("ref")}`;
  if (!call.repo.git.refs.has(name)) fail(422, "Reference does not exist");
  guardRef(call.repo, name, "delete", call.token);
  moveRef(call.repo, name, undefined);
  return noContent;
}

function getBlob(call: Call): Answer {
  const sha = call.param("sha");
  const data = found(call.repo.git.get(sha, "blob")).data;
  const content = data.toString("base64");
  return ok({ sha, url: `${call.repoUrl}/git/blobs/${sha}`, size: data.length, content, encoding: "base64" });
}

function createBlob(call: Call): Answer {
  const encoding = call.body.encoding === "base64" ? "base64" : "utf8";
  const sha = call.repo.git.put("blob", Buffer.from(String(call.body.content ?? ""), encoding));
  return created({ sha, url: `${call.repoUrl}/git/blobs/${sha}` });
}

function treeView(call: Call, sha: string, recursive: boolean): Json {
  const { git } = call.repo;
  const entries = recursive
    ? [...git.files(sha)].map(([path, { mode, sha }]) => ({ path, mode, sha }))
    : git.tree(sha).map(({ name, mode, sha }) => ({ path: name, mode, sha }));
  const tree = entries.map((entry) => {
    if (entry.mode === TREE_MODE) return { ...entry, mode: "040000", type: "tree" };
    return { ...entry, type: "blob", size: git.blob(entry.sha).length };
  });
  return { sha, url: `${call.repoUrl}/git/trees/${sha}`, tree, truncated: false };
}

function getTree(call: Call): Answer {
  const name = call.param("sha");
  const commit = call.repo.git.resolve(name);
  const sha = commit === undefined ? name : call.repo.git.commit(commit).tree;
  found(call.repo.git.get(sha, "tree"));
  return ok(treeView(call, sha, call.query.has("recursive")));
}

function createTree(call: Call): Answer {
  const { git } = call.repo;
  const base = call.body.base_tree;
  const edits = new Map<string, { mode: string; sha: string } | undefined>();
  if (!Array.isArray(call.body.tree)) return fail(422, 'Invalid request.\n\n"tree" wasn\'t supplied.');
  for (const entry of call.body.tree as Json[]) {
    const path = String(entry.path);
    if (!isFilePath(path)) fail(422, "tree.path contains a malformed path component");
    const { content, sha } = entry;
    const id = typeof content === "string" ? git.put("blob", Buffer.from(content)) : sha;
    if (typeof id === "string" && git.get(id) === undefined) fail(422, `tree.sha ${id} is not a valid blob`);
    const mode = String(entry.mode ?? "100644").replace(/^0/, "");
    edits.set(path, typeof id === "string" ? { mode, sha: id } : undefined);
  }
  const root = typeof base === "string" ? git.resolve(base) : undefined;
  const start = root === undefined ? base : git.commit(root).tree;
  return created(treeView(call, git.edit(typeof start === "string" ? start : undefined, edits), false));
}

function createCommit(call: Call): Answer {
  const { git } = call.repo;
  const message = call.need("message");
  const tree = call.need("tree");
  if (git.get(tree, "tree") === undefined) fail(422, "Tree SHA does not exist");
  const parents = ((call.body.parents ?? []) as unknown[]).map(String);
  for (const parent of parents) {
    if (git.get(parent, "commit") === undefined)
      fail(422, "Parent SHA does not exist or is not a commit object");
  }
  const fallback = committerNow(call.login);
  const author = { ...fallback, ...(call.body.author as Partial<Person> | undefined) };
  const committer = { ...author, ...(call.body.committer as Partial<Person> | undefined) };
  return created(gitCommitView(call, git.putCommit({ tree, parents, author, committer, message })));
}

function getCommit(call: Call): Answer {
  const ref = call.param("ref");
  const sha = call.repo.git.resolve(ref);
  if (sha === undefined) return fail(422, `No commit found for SHA: ${ref}`);
  if (call.header("accept")?.includes("application/vnd.github.sha")) return ok(sha);
  return ok({ ...commitView(call, sha), files: changedFiles(call, sha) });
}

/** What a commit changed against its first parent; the provider's import of a file looks for it here. */
function changedFiles(call: Call, sha: string): { filename: string; status: string; sha: string }[] {
  const { git } = call.repo;
  const { tree, parents } = git.commit(sha);
  const now = git.files(tree);
  const before = parents[0] === undefined ? new Map() : git.files(git.commit(parents[0]).tree);
  const removed = [...before].filter(([path]) => !now.has(path));
  return [
    ...[...now]
      .filter(([path, entry]) => before.get(path)?.sha !== entry.sha)
      .map(([filename, entry]) => ({
        filename,
        status: before.has(filename) ? "modified" : "added",
        sha: entry.sha,
      })),
    ...removed.map(([filename, entry]) => ({ filename, status: "removed", sha: entry.sha })),
  ];
}

function listCommits(call: Call): Answer {
  needRefs(call);
  const { git, defaultBranch } = call.repo;
  const start = found(git.resolve(call.query.get("sha") ?? defaultBranch));
  const path = call.query.get("path");
  const at = (sha: string | undefined) =>
    sha === undefined || path === null ? undefined : git.entryAt(git.commit(sha).tree, path)?.sha;
  const touches = (sha: string) => path === null || at(sha) !== at(git.commit(sha).parents[0]);
  const shas = [...git.history(start)].filter(touches);
  const sized = page(call, shas);
  return { ...sized, body: (sized.body as string[]).map((sha) => commitView(call, sha)) };
}

const R = "/repos/:owner/:repo";

/** Branches, refs, commits and the other objects of git. */
export const gitRoutes: readonly Route[] = [
  route("GET", `${R}/branches`, "contents", (call) => named(call, "refs/heads/")),
  route("GET", `${R}/tags`, "contents", (call) => named(call, "refs/tags/")),
  route("POST", `${R}/branches/:branch{.+}/rename`, "contents", renameBranch),
  route("GET", `${R}/branches/:branch{.+}`, "contents", branchView),
  route("GET", `${R}/git/ref/:ref{.+}`, "contents", getRef),
  route("GET", `${R}/git/matching-refs/:ref{.+}`, "contents", matchingRefs),
  route("GET", `${R}/git/refs/:ref{.+}`, "contents", matchingRefs),
  route("POST", `${R}/git/refs`, "contents", createRef),
  route("PATCH", `${R}/git/refs/:ref{.+}`, "contents", updateRef),
  route("DELETE", `${R}/git/refs/:ref{.+}`, "contents", deleteRef),
  route("POST", `${R}/git/blobs`, "contents", createBlob),
  route("GET", `${R}/git/blobs/:sha`, "contents", getBlob),
  route("POST", `${R}/git/trees`, "contents", createTree),
  route("GET", `${R}/git/trees/:sha{.+}`, "contents", getTree),
  route("POST", `${R}/git/commits`, "contents", createCommit),
  route("GET", `${R}/git/commits/:sha`, "contents", (call) => {
    found(call.repo.git.get(call.param("sha"), "commit"));
    return ok(gitCommitView(call, call.param("sha")));
  }),
  route("GET", `${R}/commits`, "contents", listCommits),
  route("GET", `${R}/commits/:ref{.+}`, "contents", getCommit),
];
