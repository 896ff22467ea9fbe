import { buildSchema, GraphQLError, graphql } from "graphql";
import { sees } from "./access.ts";
import { type Answer, type Call, ok, type Route, route } from "./call.ts";
import { fail } from "./errors.ts";
import type { Repository } from "./repository.ts";

const SCHEMA = buildSchema(`
  interface Node { id: ID! }
  interface GitObject { oid: String! id: ID! }
  type Account { login: String! }
  type Blob implements GitObject & Node { id: ID! oid: String! text: String byteSize: Int! isBinary: Boolean isTruncated: Boolean! }
  type Tree implements GitObject & Node { id: ID! oid: String! }
  type Commit implements GitObject & Node {
    id: ID! oid: String! message: String! messageHeadline: String! committedDate: String! authoredDate: String! tree: Tree!
  }
  type Tag implements GitObject & Node { id: ID! oid: String! name: String! message: String target: GitObject! }
  type Ref implements Node { id: ID! name: String! prefix: String! target: GitObject }
  type PageInfo { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }
  type RefConnection { nodes: [Ref] totalCount: Int! pageInfo: PageInfo! }
  type Repository implements Node {
    id: ID! databaseId: Int name: String! nameWithOwner: String! owner: Account!
    isArchived: Boolean! isPrivate: Boolean! isEmpty: Boolean! pushedAt: String viewerPermission: String
    defaultBranchRef: Ref
    object(expression: String, oid: String): GitObject
    refs(refPrefix: String!, first: Int, after: String, query: String): RefConnection
  }
  type RateLimit { limit: Int! cost: Int! remaining: Int! used: Int! resetAt: String! nodeCount: Int! }
  type Query {
    repository(owner: String!, name: String!, followRenames: Boolean = true): Repository
    node(id: ID!): Node
    nodes(ids: [ID!]!): [Node]!
    rateLimit(dryRun: Boolean): RateLimit
    viewer: Account!
  }
`);

function notFound(message: string): never {
  throw new GraphQLError(message, { extensions: { type: "NOT_FOUND" } });
}

/** An object by id, as GraphQL shows it. */
function objectView(repo: Repository, sha: string): unknown {
  const { git } = repo;
  const object = git.get(sha);
  const base = { oid: sha, id: `${object?.type}_${repo.id}_${sha}` };
  if (object?.type === "blob") {
    const binary = object.data.includes(0);
    const text = binary ? null : object.data.toString("utf8");
    return {
      __typename: "Blob",
      ...base,
      text,
      byteSize: object.data.length,
      isBinary: binary,
      isTruncated: false,
    };
  }
  if (object?.type === "tree") {
    return { __typename: "Tree", ...base };
  }
  if (object?.type === "tag") {
    const tag = git.tag(sha);
    return {
      __typename: "Tag",
      ...base,
      name: tag.tag,
      message: tag.message,
      target: () => objectView(repo, tag.object),
    };
  }
  if (object === undefined) return null;
  const { message, committer, author, tree } = git.commit(sha);
  const dates = { committedDate: committer.date, authoredDate: author.date };
  const messageHeadline = message.split("\n")[0];
  return {
    __typename: "Commit",
    ...base,
    message,
    messageHeadline,
    ...dates,
    tree: () => objectView(repo, tree),
  };
}

/** What `HEAD:path`, a ref or an id stands for. */
function expressionView(repo: Repository, expression: string): unknown {
  const colon = expression.indexOf(":");
  const revision = (colon < 0 ? expression : expression.slice(0, colon)).replace(
    /^HEAD$/,
    repo.defaultBranch,
  );
  const sha = repo.git.resolve(revision);
  if (colon < 0) return objectView(repo, sha ?? revision);
  const path = expression.slice(colon + 1);
  const entry = sha === undefined ? undefined : repo.git.entryAt(repo.git.commit(sha).tree, path);
  return entry === undefined ? null : objectView(repo, entry.sha);
}

function refView(repo: Repository, name: string, prefix: string) {
  const sha = repo.git.refs.get(name);
  const target = () => objectView(repo, sha ?? "");
  return sha === undefined
    ? null
    : { id: `REF_${repo.id}_${name}`, name: name.slice(prefix.length), prefix, target };
}

/** One page of a list: GitHub gives at most 100 nodes. */
function connection<T>(items: readonly T[], { first, after }: { first?: number; after?: string }) {
  if (first === undefined || first === null || first < 1 || first > 100) {
    throw new GraphQLError(
      "You must provide a `first` value between 1 and 100 to properly paginate the connection.",
      {
        extensions: { type: "EXCESSIVE_PAGINATION" },
      },
    );
  }
  const start = after ? Number(Buffer.from(after, "base64").toString()) : 0;
  const end = Math.min(start + first, items.length);
  const cursor = (at: number) => (items.length === 0 ? null : Buffer.from(String(at)).toString("base64"));
  const hasNextPage = end < items.length;
  const pageInfo = {
    hasNextPage,
    hasPreviousPage: start > 0,
    startCursor: cursor(start),
    endCursor: cursor(end),
  };
  return { nodes: items.slice(start, end), totalCount: items.length, pageInfo };
}

interface RefsArguments {
  readonly refPrefix: string;
  readonly query?: string;
  readonly first?: number;
  readonly after?: string;
}

function repositoryView(repo: Repository) {
  const refs = ({ refPrefix, query, ...range }: RefsArguments) => {
    const names = [...repo.git.refs.keys()].filter(
      (name) => name.startsWith(refPrefix) && name.includes(query ?? ""),
    );
    const all = connection(names.sort(), range);
    return { ...all, nodes: all.nodes.map((name) => refView(repo, name, refPrefix)) };
  };
  return {
    __typename: "Repository",
    id: `R_${repo.id}`,
    databaseId: repo.id,
    name: repo.name,
    nameWithOwner: `${repo.owner}/${repo.name}`,
    owner: { login: repo.owner },
    isArchived: repo.archived,
    isPrivate: repo.private,
    isEmpty: repo.git.refs.size === 0,
    pushedAt: repo.pushedAt,
    viewerPermission: repo.readOnly ? "READ" : "ADMIN",
    defaultBranchRef: () => refView(repo, `refs/heads/${repo.defaultBranch}`, "refs/heads/"),
    object: ({ expression, oid }: { expression?: string; oid?: string }) =>
      expressionView(repo, expression ?? oid ?? ""),
    refs,
  };
}

function resolvers(call: Call, limit: () => unknown) {
  const node = ({ id }: { id: string }) => {
    const repo = call.github.byId.get(Number(/^R_(\d+)$/.exec(id)?.[1]));
    if (repo !== undefined && sees(call.token, repo)) return repositoryView(repo);
    return notFound(`Could not resolve to a node with the global id of '${id}'`);
  };
  return {
    repository: ({ owner, name, followRenames }: { owner: string; name: string; followRenames: boolean }) => {
      const known = call.github.find(owner, name);
      const seen = known !== undefined && sees(call.token, known.repo) && (followRenames || !known.former);
      if (seen) return repositoryView(known.repo);
      return notFound(`Could not resolve to a Repository with the name '${owner}/${name}'.`);
    },
    node,
    // One that is missing must not take the others with it, so each is answered on its own.
    nodes: ({ ids }: { ids: string[] }) =>
      ids.map((id) => {
        try {
          return node({ id });
        } catch (error) {
          return error;
        }
      }),
    rateLimit: limit,
    viewer: { login: call.login },
  };
}

async function query(call: Call): Promise<Answer> {
  const { query: source, variables, operationName } = call.body;
  if (typeof source !== "string")
    return fail(400, "A query attribute must be specified and must be a string.");
  const window = call.desk.window(call.secret ?? "");
  const { limit: most } = call.desk;
  const limit = () => ({
    limit: most,
    cost: 1,
    remaining: Math.max(most - window.used, 0),
    used: window.used,
    resetAt: new Date(window.reset * 1000).toISOString(),
    nodeCount: 0,
  });
  const result = await graphql({
    schema: SCHEMA,
    source,
    rootValue: resolvers(call, limit),
    variableValues: (variables ?? {}) as Record<string, unknown>,
    ...(typeof operationName === "string" && { operationName }),
  });
  // GitHub names the kind of an error beside its message, not in `extensions`.
  const errors = result.errors?.map(({ message, path, locations, extensions }) => {
    return {
      ...(extensions.type !== undefined && { type: extensions.type }),
      path,
      locations,
      message,
    };
  });
  return ok({ ...(result.data !== undefined && { data: result.data }), ...(errors && { errors }) });
}

/** GraphQL, for what is asked of many repositories at once. */
export const graphqlRoutes: readonly Route[] = [
  route("POST", "/graphql", "metadata", query, { level: "read" }),
];
