/** github.RepositoryPages: created by a POST that knows less than the PUT, and never read after a write. */
import { type Answer, isStatus } from "./client.ts";
import { isArchived } from "./file.ts";
import { flagAt, numberAt, textAt } from "./json.ts";
import { type Data, type Definition, type GitHub, messageOf, repositoryPath } from "./resource.ts";
import { isObject, isZero, opt, out, req, type Schema } from "./schema.ts";

const schema: Schema = {
  apiUrl: out("string"),
  buildStatus: out("string"),
  buildType: opt("string", { default: "legacy", values: ["legacy", "workflow"] }),
  cname: opt("string"),
  custom404: out("bool", { terraform: "custom_404" }),
  htmlUrl: out("string"),
  httpsEnforced: opt("bool", { computed: true, requiredWith: "cname" }),
  public: opt("bool", { computed: true }),
  repository: req("string", { forceNew: true }),
  repositoryId: out("int"),
  source: opt("object", { fields: { branch: req("string"), path: opt("string", { default: "/" }) } }),
};

export function repositoryPages(github: GitHub): Definition {
  const path = (data: Data) => `${repositoryPath(github, data.text("repository"))}/pages`;
  const identify = async (data: Data, repository: string) => {
    const { body } = await github.call("GET", repositoryPath(github, repository));
    data.id = String(numberAt(body, "id"));
    data.set({ repositoryId: numberAt(body, "id") });
  };
  return {
    schema,
    tracksRepository: true,
    validate: ({ buildType, source }) => {
      if (buildType === "workflow" && !isZero(source)) {
        throw new Error("'source' is not supported for workflow build type");
      }
      if (buildType === "legacy" && isZero(source)) {
        throw new Error("'source' is required for legacy build type");
      }
    },
    create: async (data) => {
      const { body } = await github.call("POST", path(data), { body: createBody(data) });
      await identify(data, data.text("repository"));
      await finish(github, data, path(data), body);
    },
    read: async (data) => {
      let answer: Answer;
      try {
        answer = await github.call("GET", path(data));
      } catch (error) {
        if (!isStatus(error, 404)) throw new Error(`error reading repository pages: ${messageOf(error)}`);
        data.id = "";
        return;
      }
      const { body } = answer;
      data.set({
        ...described(body),
        public: flagAt(body, "public"),
        httpsEnforced: flagAt(body, "https_enforced"),
      });
      const source = { branch: textAt(body, "source", "branch"), path: textAt(body, "source", "path") };
      const legacy = textAt(body, "build_type") === "legacy" && source.branch !== "";
      data.set({ cname: textAt(body, "cname"), source: legacy ? source : null });
    },
    update: async (data) => void (await github.call("PUT", path(data), { body: updateBody(data) })),
    remove: async (data) => {
      try {
        await github.call("DELETE", path(data));
      } catch (error) {
        if (!isArchived(error)) throw error;
      }
    },
    import: async (data) => {
      data.set({ repository: data.id });
      await identify(data, data.id);
    },
  };
}

/** The answer of the POST overwrites what was planned, the domain too, before what it did not take is sent. */
async function finish(github: GitHub, data: Data, path: string, pages: unknown): Promise<void> {
  data.set({ ...described(pages), cname: textAt(pages, "cname") });
  const [wanted, enforced] = [data.values.public, data.values.httpsEnforced];
  const own = typeof wanted === "boolean";
  const secure = typeof enforced === "boolean";
  const cname = data.text("cname");
  if (cname !== "" || own || secure) {
    const body = {
      cname: cname || null,
      ...(own ? { public: wanted } : {}),
      ...(secure ? { https_enforced: enforced } : {}),
    };
    await github.call("PUT", path, { body });
  }
  if (!own) data.set({ public: flagAt(pages, "public") });
  if (!secure) data.set({ httpsEnforced: flagAt(pages, "https_enforced") });
}

function described(pages: unknown) {
  return {
    buildType: textAt(pages, "build_type"),
    custom404: flagAt(pages, "custom_404"),
    htmlUrl: textAt(pages, "html_url"),
    buildStatus: textAt(pages, "status"),
    apiUrl: textAt(pages, "url"),
  };
}

function createBody(data: Data): object {
  const source = data.values.source;
  if (data.text("buildType") !== "legacy" || !isObject(source)) return { build_type: data.text("buildType") };
  const { branch, path } = source;
  return { build_type: "legacy", source: { branch, ...(path === "/" || path === "" ? {} : { path }) } };
}

/** Without a change of the domain `cname` is null all the same, and GitHub removes the domain: a fault of the real one. */
function updateBody(data: Data): object {
  const source = data.values.source;
  const legacy = data.text("buildType") === "legacy" && isObject(source);
  return {
    cname: data.changed("cname") ? data.text("cname") : null,
    build_type: data.text("buildType"),
    ...(legacy ? { source: { branch: source.branch, path: source.path } } : {}),
    ...(data.changed("public") ? { public: data.flag("public") } : {}),
    ...(data.changed("httpsEnforced") ? { https_enforced: data.flag("httpsEnforced") } : {}),
  };
}
