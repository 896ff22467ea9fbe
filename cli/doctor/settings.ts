import { setCommand } from "../../fleet/config-reader.ts";
import { PINS } from "../../workflows/pins.ts";
import type { Context } from "../context.ts";
import { type Check, note, ok, unread, wrong } from "./check.ts";
import { type Answer, messageIn, type Prober, repositoryPath } from "./probe.ts";

/** What GitHub's plan withholds from this fleet, as far as GitHub tells the token which plan it is. */
export function checkPlan({ config }: Context, account: Answer): Check {
  const { plan } = (account.body ?? {}) as { plan?: { name?: string } };
  const actual = plan?.name;
  const { owner } = config.github;
  if (actual === undefined)
    return note("plan", `GitHub does not tell this token the plan of ${owner}; configured is ${config.plan}`);
  const level = LEVELS[actual];
  if (level === undefined) return note("plan", `GitHub calls it ${actual}; configured is ${config.plan}`);
  if (level >= (LEVELS[config.plan] ?? 0))
    return ok("plan", `${owner} has ${actual}, configured is ${config.plan}`);
  const withheld =
    level === 0 && config.visibility !== "public"
      ? "private repositories have no ruleset, environment, organization secret and Pages there"
      : "internal repositories and private Pages are not there";
  return wrong(
    "plan",
    `${owner} has ${actual}, configured is ${config.plan}: ${withheld}`,
    setCommand("satis-fleet:plan", actual),
  );
}

/** Plans by what they allow; `business` and `pro` are GitHub's names for Team and for a paid user. */
const LEVELS: Readonly<Record<string, number>> = { free: 0, pro: 1, team: 1, business: 1, enterprise: 2 };

/** Actions and Pages of the composer repository. */
export async function checkSettings({ fleet }: Context, probe: Prober): Promise<readonly Check[]> {
  const { owner, repository } = fleet.composer;
  const get = (rest: string) => probe("GET", repositoryPath(owner, repository, rest));
  const attempt = async (name: string, check: () => Promise<readonly Check[]>): Promise<readonly Check[]> => {
    try {
      return await check();
    } catch (error) {
      return [unread(name, (error as Error).message)];
    }
  };
  return [
    ...(await attempt("Actions", () => checkActions(get))),
    ...(fleet.features.pages
      ? await attempt("Pages", async () => [pagesCheck(await get("/pages"), fleet.composer.homepage)])
      : []),
  ];
}

type Get = (rest: string) => Promise<Answer>;

async function checkActions(get: Get): Promise<readonly Check[]> {
  const answer = await get("/actions/permissions");
  if (answer.status !== 200) return [unread("Actions", said(answer))];
  const { enabled, allowed_actions: allowed } = answer.body as {
    enabled?: boolean;
    allowed_actions?: string;
  };
  if (enabled === false) {
    return [
      wrong(
        "Actions",
        "are disabled: nothing is built",
        "enable them in the settings of the composer repository",
      ),
    ];
  }
  return [await allowedCheck(get, allowed), await permissionsCheck(get)];
}

async function allowedCheck(get: Get, allowed: string | undefined): Promise<Check> {
  const used = [...new Set(Object.values(PINS).map(({ action }) => action.split("/").slice(0, 2).join("/")))];
  if (allowed === "local_only") {
    return wrong(
      "Actions",
      `only local actions are allowed, and builds use ${used.join(", ")}`,
      "allow these",
    );
  }
  if (allowed !== "selected") return ok("Actions", "are enabled, and every action is allowed");
  const answer = await get("/actions/permissions/selected-actions");
  if (answer.status !== 200) return unread("Actions", said(answer));
  const refused = refusedActions(used, answer.body as SelectedActions);
  return refused.length === 0
    ? ok("Actions", "are enabled, and the actions of the builds are among the selected ones")
    : wrong(
        "Actions",
        `${refused.join(", ")} are not among the selected actions`,
        `allow ${refused.map((action) => `${action}@*`).join(", ")}`,
      );
}

/** What GitHub keeps of the actions that a repository may use. */
export interface SelectedActions {
  readonly github_owned_allowed?: boolean;
  readonly patterns_allowed?: readonly string[];
}

/** The actions that no pattern allows; whether a maker is verified cannot be asked, so that does not count. */
export function refusedActions(used: readonly string[], selected: SelectedActions): readonly string[] {
  const patterns = (selected.patterns_allowed ?? []).map(
    (pattern) =>
      new RegExp(
        `^${pattern
          .split("*")
          .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"))
          .join(".*")}$`,
        "i",
      ),
  );
  return used.filter((action) => {
    if (selected.github_owned_allowed && /^(actions|github)\//.test(action)) return false;
    // Patterns name a version; `@*` stands for every one.
    return !patterns.some((pattern) => pattern.test(`${action}@0`) || pattern.test(action));
  });
}

async function permissionsCheck(get: Get): Promise<Check> {
  const answer = await get("/actions/permissions/workflow");
  if (answer.status !== 200)
    return unread("Actions", `the default permissions of workflows: ${said(answer)}`);
  const { default_workflow_permissions: level } = answer.body as { default_workflow_permissions?: string };
  return level === "write"
    ? note("Actions", "workflows may write by default; the fleet's own say what they need, so read is enough")
    : ok("Actions", "workflows may only read by default, and the fleet's own say what they need");
}

function pagesCheck(answer: Answer, homepage: string): Check {
  const { status } = answer;
  if (status === 404) return note("Pages", "are off, or not to be seen; fleet up turns them on");
  if (status !== 200) return unread("Pages", said(answer));
  const {
    build_type: type,
    https_enforced: https,
    html_url: url,
  } = answer.body as {
    build_type?: string;
    https_enforced?: boolean;
    html_url?: string;
  };
  if (type !== "workflow") {
    return wrong(
      "Pages",
      "are built from a branch, not deployed by the workflow",
      "fleet up, or GitHub Actions as source in the settings",
    );
  }
  if (https === false)
    return wrong("Pages", "are served without HTTPS as well", "enforce HTTPS in the settings of Pages");
  const served =
    url === undefined || bare(url) === bare(homepage)
      ? ""
      : `; GitHub serves ${url}, satis.json says ${homepage}`;
  return served === ""
    ? ok("Pages", "are deployed by the workflow, over HTTPS")
    : note("Pages", `are deployed by the workflow${served}`);
}

function bare(url: string): string {
  return url
    .toLowerCase()
    .replace(/^https?:/, "")
    .replace(/\/+$/, "");
}

function said(answer: Answer): string {
  return `GitHub answers ${answer.status} ${messageIn(answer)}`.trim();
}
