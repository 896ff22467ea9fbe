import {
  type Commit,
  decodeCommit,
  decodeTag,
  decodeTree,
  encodeCommit,
  encodeTree,
  type GitObject,
  type ObjectType,
  objectId,
  type Tag,
  TREE_MODE,
  type TreeEntry,
} from "./git-objects.ts";

/** Where a repository is kept on disk once somebody has asked for it by git. */
export interface Mirror {
  readObject(sha: string): GitObject | undefined;
  writeObject(sha: string, object: GitObject): void;
  writeRef(name: string, sha: string | undefined): void;
}

/** What becomes of a path: an entry, or nothing. */
export type Edits = ReadonlyMap<string, { readonly mode: string; readonly sha: string } | undefined>;

/**
 * A git repository in memory, with the object ids that git gives.
 *
 * Written through to its mirror where it has one. A repository of a thousand costs a few kilobytes until then.
 */
export class GitRepository {
  readonly objects = new Map<string, GitObject>();
  /** Full name to object id. */
  readonly refs = new Map<string, string>();
  mirror: Mirror | undefined;

  put(type: ObjectType, data: Buffer): string {
    const object = { type, data };
    const sha = objectId(object);
    if (!this.objects.has(sha)) {
      this.objects.set(sha, object);
      this.mirror?.writeObject(sha, object);
    }
    return sha;
  }

  get(sha: string, type?: ObjectType): GitObject | undefined {
    let object = this.objects.get(sha);
    if (object === undefined && this.mirror !== undefined) {
      object = this.mirror.readObject(sha);
      if (object !== undefined) this.objects.set(sha, object);
    }
    return type === undefined || object?.type === type ? object : undefined;
  }

  setRef(name: string, sha: string | undefined): void {
    if (sha === undefined) this.refs.delete(name);
    else this.refs.set(name, sha);
    this.mirror?.writeRef(name, sha);
  }

  /** The branch's head. */
  head(branch: string): string | undefined {
    return this.refs.get(`refs/heads/${branch}`);
  }

  commit(sha: string): Commit {
    return decodeCommit(this.#need(sha, "commit"));
  }

  tag(sha: string): Tag {
    return decodeTag(this.#need(sha, "tag"));
  }

  tree(sha: string): TreeEntry[] {
    return decodeTree(this.#need(sha, "tree"));
  }

  blob(sha: string): Buffer {
    return this.#need(sha, "blob");
  }

  putCommit(commit: Commit): string {
    return this.put("commit", encodeCommit(commit));
  }

  /** The commit behind a branch, a tag, a full ref name or an id; undefined where there is none. */
  resolve(expression: string): string | undefined {
    const named = [`refs/heads/${expression}`, `refs/tags/${expression}`, expression];
    let sha = named.map((name) => this.refs.get(name)).find((found) => found !== undefined) ?? expression;
    for (let object = this.get(sha); object?.type === "tag"; object = this.get(sha)) {
      sha = decodeTag(object.data).object;
    }
    return this.get(sha, "commit") === undefined ? undefined : sha;
  }

  /** What a tree has at a path; the tree itself for the empty path. */
  entryAt(tree: string, path: string): TreeEntry | undefined {
    let entry: TreeEntry | undefined = { mode: TREE_MODE, name: "", sha: tree };
    for (const part of path === "" ? [] : path.split("/")) {
      if (entry?.mode !== TREE_MODE) return undefined;
      entry = this.tree(entry.sha).find((candidate) => candidate.name === part);
    }
    return entry;
  }

  /** Every file of a tree by path. */
  files(tree: string, prefix = ""): Map<string, TreeEntry> {
    const found = new Map<string, TreeEntry>();
    for (const entry of this.tree(tree)) {
      const path = prefix + entry.name;
      if (entry.mode !== TREE_MODE) found.set(path, entry);
      else for (const [inner, file] of this.files(entry.sha, `${path}/`)) found.set(inner, file);
    }
    return found;
  }

  /** The tree with the edits applied; folders left empty disappear, as in git. */
  edit(tree: string | undefined, edits: Edits): string {
    const entries = new Map((tree === undefined ? [] : this.tree(tree)).map((entry) => [entry.name, entry]));
    const nested = new Map<string, Map<string, { mode: string; sha: string } | undefined>>();
    for (const [path, entry] of edits) {
      const slash = path.indexOf("/");
      const name = slash < 0 ? path : path.slice(0, slash);
      if (slash < 0 && entry === undefined) entries.delete(name);
      else if (slash < 0 && entry !== undefined) entries.set(name, { ...entry, name });
      else nested.set(name, (nested.get(name) ?? new Map()).set(path.slice(slash + 1), entry));
    }
    for (const [name, inner] of nested) {
      const before = entries.get(name);
      const sha = this.edit(before?.mode === TREE_MODE ? before.sha : undefined, inner);
      if (sha === EMPTY_TREE) entries.delete(name);
      else entries.set(name, { mode: TREE_MODE, name, sha });
    }
    return this.put("tree", encodeTree([...entries.values()]));
  }

  /** The tree made of these files alone. */
  treeOf(files: Readonly<Record<string, string>>): string {
    const edits = Object.entries(files).map(([path, text]) => {
      return [path, { mode: "100644", sha: this.put("blob", Buffer.from(text)) }] as const;
    });
    return this.edit(undefined, new Map(edits));
  }

  /** Commits from a head back, newest first. */
  *history(head: string): Generator<string> {
    const seen = new Set<string>([head]);
    const queue = [head];
    for (let sha = queue.shift(); sha !== undefined; sha = queue.shift()) {
      yield sha;
      for (const parent of this.commit(sha).parents) {
        if (!seen.has(parent)) queue.push(parent);
        seen.add(parent);
      }
    }
  }

  isAncestor(ancestor: string, head: string): boolean {
    for (const sha of this.history(head)) if (sha === ancestor) return true;
    return false;
  }

  #need(sha: string, type: ObjectType): Buffer {
    const object = this.get(sha, type);
    if (object === undefined) throw new Error(`no ${type} ${sha}`);
    return object.data;
  }
}

const EMPTY_TREE = objectId({ type: "tree", data: Buffer.alloc(0) });
