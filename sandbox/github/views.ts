import type { Call } from "./call.ts";
import type { Json, Repository } from "./repository.ts";

/** An account as it appears inside other answers. */
export function accountView(call: Call, login: string): Json {
  const account = call.github.accounts.get(login.toLowerCase());
  return {
    login: account?.login ?? login,
    id: account?.id ?? 1,
    node_id: `U_${account?.id ?? 1}`,
    avatar_url: "",
    url: `${call.api}/users/${login}`,
    html_url: `${call.origin}/${login}`,
    type: account?.type ?? "User",
    site_admin: false,
  };
}

/** A repository as `GET /repos/O/R` shows it. */
export function repositoryView(call: Call, repo: Repository = call.repo): Json {
  const path = `${repo.owner}/${repo.name}`;
  const url = `${call.api}/repos/${path}`;
  const html = `${call.origin}/${path}`;
  const visibility = repo.private ? "private" : "public";
  const writes = !repo.readOnly && call.token !== undefined;
  return {
    id: repo.id,
    node_id: `R_${repo.id}`,
    name: repo.name,
    full_name: path,
    private: repo.private,
    owner: accountView(call, repo.owner),
    html_url: html,
    fork: false,
    url,
    contents_url: `${url}/contents/{+path}`,
    archive_url: `${url}/{archive_format}{/ref}`,
    created_at: repo.createdAt,
    updated_at: repo.updatedAt,
    pushed_at: repo.pushedAt,
    git_url: `${html.replace(/^https?:/, "git:")}.git`,
    ssh_url: `git@github.com:${path}.git`,
    clone_url: `${html}.git`,
    svn_url: html,
    size: 0,
    language: null,
    has_pages: repo.pages !== undefined,
    mirror_url: null,
    archived: repo.archived,
    disabled: false,
    open_issues_count: 0,
    license: null,
    topics: repo.topics,
    visibility,
    default_branch: repo.defaultBranch,
    ...repo.settings,
    permissions: { admin: writes, maintain: writes, push: writes, triage: writes, pull: true },
  };
}

/** A commit as `GET /repos/O/R/commits/SHA` shows it. */
export function commitView(call: Call, sha: string): Json {
  const commit = call.repo.git.commit(sha);
  return {
    sha,
    node_id: `C_${sha}`,
    url: `${call.repoUrl}/commits/${sha}`,
    html_url: `${call.origin}/${call.repo.owner}/${call.repo.name}/commit/${sha}`,
    commit: { ...gitCommitView(call, sha), comment_count: 0 },
    author: accountView(call, call.login),
    committer: accountView(call, call.login),
    parents: commit.parents.map((parent) => ({ sha: parent, url: `${call.repoUrl}/commits/${parent}` })),
  };
}

/** A commit as `GET /repos/O/R/git/commits/SHA` shows it. */
export function gitCommitView(call: Call, sha: string): Json {
  const { tree, parents, author, committer, message } = call.repo.git.commit(sha);
  return {
    sha,
    url: `${call.repoUrl}/git/commits/${sha}`,
    author,
    committer,
    message,
    tree: { sha: tree, url: `${call.repoUrl}/git/trees/${tree}` },
    parents: parents.map((parent) => ({ sha: parent, url: `${call.repoUrl}/git/commits/${parent}` })),
    verification: { verified: false, reason: "unsigned", signature: null, payload: null },
  };
}

/** A ref as `GET /repos/O/R/git/ref/REF` shows it. */
export function refView(call: Call, name: string, sha: string): Json {
  const type = call.repo.git.get(sha)?.type ?? "commit";
  return {
    ref: name,
    node_id: `REF_${name}`,
    url: `${call.repoUrl}/git/${name}`,
    object: { sha, type, url: `${call.repoUrl}/git/${type}s/${sha}` },
  };
}
