import { randomUUID } from "node:crypto";
import { fail } from "./errors.ts";
import { type Json, type NewRepository, newRepository, type Repository } from "./repository.ts";
import { SecretStore } from "./secrets.ts";

/** What a token may do. Absent permissions mean every one; absent repositories mean all of them. */
export interface Token {
  /** @default "bot" */
  readonly login?: string;
  readonly permissions?: Readonly<Record<string, "read" | "write">>;
  /** Names of repositories, with or without owner. */
  readonly repositories?: readonly string[];
  readonly revoked?: boolean;
  /** Id of the GitHub App that the token belongs to. */
  readonly app?: number;
  /** Role in the repositories; rulesets let an admin pass where they say so. @default "admin" */
  readonly role?: "admin" | "write";
}

/** A GitHub App that signs in with a key of its own. */
export interface App {
  /** PEM of the key that its JSON web tokens are verified by. */
  readonly publicKey: string;
  /** Where it is installed. @default nowhere */
  readonly owner?: string;
  readonly permissions: Readonly<Record<string, "read" | "write">>;
  /** Names of the repositories that it is installed on. @default all of the owner's */
  readonly repositories?: readonly string[];
  readonly suspended?: boolean;
}

/** An organization or a user. */
export interface Account {
  readonly login: string;
  readonly id: number;
  readonly type: "Organization" | "User";
  readonly secrets: SecretStore;
  /** What workflows may do in the whole organization; a right that it withholds no repository can give. */
  workflowPermissions: Json;
}

const slug = (owner: string, name: string) => `${owner}/${name}`.toLowerCase();

/** Everything that the emulated GitHub knows, and the few operations that keep it consistent. */
export class State {
  readonly plan: string;
  readonly accounts = new Map<string, Account>();
  readonly byId = new Map<number, Repository>();
  readonly tokens = new Map<string, Token>();
  readonly apps = new Map<number, App>();
  /** Lets a redirected download through without a header, as GitHub's signed addresses do. */
  readonly downloadKey = randomUUID();
  readonly #byName = new Map<string, Repository>();
  readonly #formerNames = new Map<string, Repository>();
  #lastId = 1000;

  constructor(plan: string) {
    this.plan = plan;
  }

  nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  addAccount(login: string, type: Account["type"]): Account {
    const known = this.accounts.get(login.toLowerCase());
    if (known !== undefined) return known;
    const workflowPermissions = {
      default_workflow_permissions: "read",
      can_approve_pull_request_reviews: true,
    };
    const account: Account = {
      login,
      id: this.nextId(),
      type,
      secrets: new SecretStore(),
      workflowPermissions,
    };
    this.accounts.set(login.toLowerCase(), account);
    return account;
  }

  /** The repository of this name, and whether the name is a former one. */
  find(owner: string, name: string): { repo: Repository; former: boolean } | undefined {
    const key = slug(owner, name.replace(/\.git$/, ""));
    const repo = this.#byName.get(key);
    if (repo !== undefined) return { repo, former: false };
    const renamed = this.#formerNames.get(key);
    return renamed && { repo: renamed, former: true };
  }

  /** Makes an empty repository; a name that is taken ends the request with 422. */
  create(owner: string, name: string, options: NewRepository = {}): Repository {
    const key = slug(owner, name);
    if (this.#byName.has(key)) {
      const message = "name already exists on this account";
      fail(422, "Repository creation failed.", [
        { resource: "Repository", field: "name", code: "custom", message },
      ]);
    }
    this.#formerNames.delete(key);
    const repo = newRepository(this.nextId(), owner, name, options);
    this.#byName.set(key, repo);
    this.byId.set(repo.id, repo);
    return repo;
  }

  /** Gives a repository another name or owner; the old address redirects until somebody takes it. */
  move(repo: Repository, owner: string, name: string): void {
    const [from, to] = [slug(repo.owner, repo.name), slug(owner, name)];
    if (to !== from && this.#byName.has(to)) {
      invalid422(`The repository ${name} already exists on this account.`);
    }
    this.#byName.delete(from);
    this.#formerNames.set(from, repo);
    this.#formerNames.delete(to);
    this.#byName.set(to, repo);
    repo.owner = owner;
    repo.name = name;
  }

  remove(repo: Repository): void {
    this.#byName.delete(slug(repo.owner, repo.name));
    this.byId.delete(repo.id);
    for (const [name, target] of this.#formerNames) if (target === repo) this.#formerNames.delete(name);
    for (const { secrets } of this.accounts.values()) {
      for (const [name, secret] of secrets.secrets) {
        if (!secret.selected?.has(repo.id)) continue;
        const selected = new Set([...secret.selected].filter((id) => id !== repo.id));
        secrets.secrets.set(name, { ...secret, selected });
      }
    }
  }

  /** The repositories of an owner, oldest first. */
  of(owner: string): Repository[] {
    return [...this.byId.values()].filter((repo) => repo.owner.toLowerCase() === owner.toLowerCase());
  }
}

function invalid422(message: string): never {
  fail(422, "Validation Failed", [{ resource: "Repository", field: "name", code: "custom", message }]);
}
