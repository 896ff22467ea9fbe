import { type Announcement, MAX_ANNOUNCEMENT_BYTES } from "../../fleet/announcement.ts";
import type { Versions } from "./state.ts";

/** One text to dispatch, and what is told with it. */
export interface Message {
  readonly text: string;
  readonly versions: Versions;
}

/** Versions of one announcement; its schema allows as many. */
const MOST = 5000;

/** The announcements of a consumer's untold versions: one, or as many as GitHub's limit of a dispatch asks for. */
export function messagesOf(build: string, versions: Versions): Message[] {
  const all = Object.entries(versions)
    .flatMap(([name, list]) =>
      Object.entries(list).map(([version, reference]) => ({ package: name, version, reference })),
    )
    .sort((a, b) => order(a.package, b.package) || order(a.version, b.version));
  const empty = JSON.stringify({ schema: 1, build, versions: [] }).length;
  const parts: (typeof all)[] = [];
  let size = Number.POSITIVE_INFINITY;
  for (const one of all) {
    const bytes = JSON.stringify(entryOf(one)).length + 1;
    const last = parts.at(-1);
    if (last === undefined || size + bytes > MAX_ANNOUNCEMENT_BYTES || last.length === MOST) {
      parts.push([one]);
      size = empty + bytes;
    } else {
      last.push(one);
      size += bytes;
    }
  }
  return parts.map((part) => {
    const announcement: Announcement = { schema: 1, build, versions: part.map(entryOf) };
    return { text: JSON.stringify(announcement), versions: grouped(part) };
  });
}

interface One {
  readonly package: string;
  readonly version: string;
  readonly reference: string;
}

function entryOf({ reference, ...rest }: One): Announcement["versions"][number] {
  return { ...rest, ...(reference === "" ? {} : { reference }) };
}

function grouped(part: readonly One[]): Versions {
  const versions: Versions = {};
  for (const { package: name, version, reference } of part) {
    versions[name] = { ...versions[name], [version]: reference };
  }
  return versions;
}

function order(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
