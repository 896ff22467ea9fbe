import { join } from "node:path";
import { type Answer, type Call, type Route, route } from "../call.ts";
import { fail, found } from "../errors.ts";
import { BareRepository, git, serveGit } from "../git-disk.ts";
import { moveRef, type Repository } from "../repository.ts";
import { violations } from "../rules.ts";

/** The repository on disk, written out at the first need. */
function onDisk(repo: Repository, root: () => string): BareRepository {
  const folder = join(root(), `${repo.id}.git`);
  return repo.git.mirror instanceof BareRepository
    ? repo.git.mirror
    : BareRepository.create(folder, repo.git, repo.defaultBranch);
}

/** One request of clone, fetch or push; what a push changed is known to the API before it is answered. */
async function smartHttp(call: Call, root: () => string): Promise<Answer> {
  const { repo, query } = call;
  const service = call.param("service");
  const writes = service === "git-receive-pack" || query.get("service") === "git-receive-pack";
  if (writes && repo.archived) fail(403, "This repository was archived so it is read-only.");
  const bare = onDisk(repo, root);
  const refs = [...repo.git.refs.keys()];
  bare.prepare(
    repo.defaultBranch,
    refs.filter((ref) => violations(repo, ref, "update", call.token).length > 0),
  );
  const { status, headers, body } = await serveGit({
    root: root(),
    path: `/${repo.id}.git/${service}`,
    query: query.toString(),
    method: call.context.req.method,
    headers: {
      "content-type": call.header("content-type"),
      "content-encoding": call.header("content-encoding"),
      "git-protocol": call.header("git-protocol"),
    },
    body: await bytes(call),
  });
  if (service === "git-receive-pack") await readBack(repo, bare);
  return { status, headers, body };
}

async function bytes(call: Call): Promise<Uint8Array> {
  if (call.context.req.method !== "POST") return new Uint8Array();
  return new Uint8Array(await call.context.req.arrayBuffer());
}

/** Takes over the refs that a push left on disk. */
async function readBack(repo: Repository, bare: BareRepository): Promise<void> {
  const refs = await bare.readRefs();
  for (const name of repo.git.refs.keys()) if (!refs.has(name)) repo.git.refs.delete(name);
  for (const [name, sha] of refs) if (repo.git.refs.get(name) !== sha) moveRef(repo, name, sha);
}

/** GitHub sends a download elsewhere, to an address that needs no header. */
function archiveLink(call: Call, kind: "zip" | "tar.gz"): Answer {
  const ref = call.param("ref") || call.repo.defaultBranch;
  const sha = found(call.repo.git.resolve(ref));
  const { owner, name } = call.repo;
  const location = `${call.origin}/_codeload/${owner}/${name}/${kind}/${sha}?token=${call.github.downloadKey}`;
  return { status: 302, headers: { location } };
}

async function archive(call: Call, root: () => string): Promise<Answer> {
  if (call.query.get("token") !== call.github.downloadKey) fail(404, "Not Found");
  const owner = call.param("name");
  const repo = found(call.github.find(owner, call.param("project"))).repo;
  const sha = found(repo.git.resolve(call.param("sha")));
  const kind = call.param("kind") === "zip" ? "zip" : "tar.gz";
  const prefix = `${repo.owner}-${repo.name}-${sha.slice(0, 7)}`;
  const bare = onDisk(repo, root);
  const body = await git(["-C", bare.folder, "archive", `--format=${kind}`, `--prefix=${prefix}/`, sha]);
  const type = kind === "zip" ? "application/zip" : "application/x-gzip";
  const disposition = `attachment; filename=${prefix}.${kind}`;
  return { status: 200, body, headers: { "content-type": type, "content-disposition": disposition } };
}

const R = "/repos/:owner/:repo";

/** git's smart HTTP, and archives; `root` gives the folder that repositories are written to. */
export function transportRoutes(root: () => string): readonly Route[] {
  const handler = (call: Call) => smartHttp(call, root);
  const G = "/_git/:owner/:repo";
  return [
    route("GET", `${G}/:service{info/refs}`, "contents", handler, { archived: true }),
    route("POST", `${G}/:service{git-upload-pack}`, "contents", handler, { level: "read" }),
    route("POST", `${G}/:service{git-receive-pack}`, "contents", handler, { archived: true }),
    route("GET", `${R}/zipball`, "contents", (call) => archiveLink(call, "zip")),
    route("GET", `${R}/zipball/:ref{.+}`, "contents", (call) => archiveLink(call, "zip")),
    route("GET", `${R}/tarball/:ref{.+}`, "contents", (call) => archiveLink(call, "tar.gz")),
    route("GET", "/_codeload/:name/:project/:kind/:sha", "metadata", (call) => archive(call, root), {
      open: true,
    }),
  ];
}
