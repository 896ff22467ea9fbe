import { safeText } from "../../fleet/findings.ts";
import type { Drift } from "./finding.ts";
import type { Known } from "./known.ts";
import {
  isForeign,
  managedById,
  placeKey,
  type Repositories,
  type RepositoryAnswer,
} from "./repositories.ts";
import type { StateFile } from "./state.ts";

/** Of a repository that the fleet no longer asks for; what is still in it is compared by itself. */
export function leftRepository(
  { input: { owner, state } }: Known,
  repository: string,
  answer: Exclude<RepositoryAnswer, { status: "unread" }>,
): Drift[] {
  if (answer.status === "there" && !isForeign(owner, answer)) return [];
  const isHere = (one: string) => one.toLowerCase() === repository.toLowerCase();
  // In the order in which the state lets go of them: a file depends on its secret.
  const urns = [
    ...state.files.filter((one) => isHere(one.repository)),
    ...state.secrets.filter(({ place }) => place.scope !== "organization" && isHere(place.repository)),
  ].map(({ urn }) => urn);
  const id = `${owner}/${repository}`;
  const held = urns.length === 1 ? "a thing" : `${urns.length} things`;
  if (answer.status === "gone") {
    const detail = `is not there, or the token does not see it; the fleet left ${held} in it, which an update forgets`;
    return [{ repository: id, kind: "repository deleted", detail }];
  }
  const forget = urns.map((urn) => `pulumi state delete '${urn}'`).join("; ");
  return [
    {
      repository: id,
      kind: "repository transferred",
      detail: `belongs to ${answer.owner} now, as ${answer.owner}/${answer.name}, and the fleet left ${held} in it`,
      remedy: `revoke the token that it holds, and let the stack forget it: ${forget}`,
      blocks: true,
    },
  ];
}

/** Files of the last update that satis.json and the configuration no longer ask for. */
export function leftFiles({ desired, input: { state } }: Known): StateFile[] {
  return state.files.filter(
    (one) =>
      !desired
        .get(one.repository.toLowerCase())
        ?.some(({ path, branch }) => path === one.path && (branch ?? one.branch) === one.branch),
  );
}

/** Finds what is still in a repository although the fleet no longer asks for it. */
export function leftBehind(all: Known, found: Repositories): Drift[] {
  const { owner, managed } = all.input;
  const today = managedById(managed, found);
  return leftFiles(all).flatMap((file): Drift[] => {
    const { urn, path, branch, repository } = file;
    const answer = found.get(repository.toLowerCase());
    if (answer?.status !== "there" || isForeign(owner, answer) || !answer.objects.has(placeKey(file)))
      return [];
    // Under another name it is still one of the fleet's.
    const now = today.get(answer.id);
    if (now !== undefined && now.toLowerCase() !== repository.toLowerCase()) return [];
    const detail = safeText(`on ${branch ?? "the default branch"}: the fleet no longer asks for it`);
    return [{ repository: `${owner}/${repository}`, kind: "file left behind", name: path, detail, urn }];
  });
}
