import { readFile } from "node:fs/promises";
import { readSubscriptionsText, SUBSCRIPTIONS_PATH, type Subscription } from "../../fleet/subscription.ts";
import { type Announced, announce } from "../announce/announce.ts";
import { EXIT, faultText, PublishError } from "../fault.ts";
import { code, table, text } from "../markdown.ts";
import type { Session } from "../session.ts";

/**
 * Tells the consumers of what is published and was not told yet; runs after every confirmation, and also where nothing was built:
 * delays end, and consumers are resumed, at any time.
 *
 * Exit code {@link EXIT.held} where somebody could not be told; the next run tries again.
 *
 * @param commit what the site is known to show; without it, the branch's tip, once its deployment is confirmed
 */
export async function announceCommand(
  session: Session,
  {
    commit,
    file = SUBSCRIPTIONS_PATH,
  }: { readonly commit?: string | undefined; readonly file?: string } = {},
): Promise<{ readonly exitCode: number; readonly result: Announced }> {
  const { work, environment, settings, teller } = session;
  const subscriptions = await subscriptionsIn(file);
  const onProgress = (line: string) => teller.say(line);
  const result = await announce({ work, environment, settings, subscriptions, commit, onProgress });
  for (const fault of result.faults) teller.warn(faultText(fault));
  teller.say(announcedLine(result));
  if (subscriptions.length > 0) await teller.summary(announcedText(result));
  return { exitCode: result.faults.length > 0 ? EXIT.held : EXIT.done, result };
}

/** A registry without the file has no consumers. @throws PublishError where it is none of ours */
export async function subscriptionsIn(file: string): Promise<readonly Subscription[]> {
  let content: string;
  try {
    content = await readFile(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
  try {
    return readSubscriptionsText(content);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new PublishError([{ by: "announce", message, remedy: "run: pulumi up, which writes this file" }]);
  }
}

/** One line about an announcement, for logs. */
export function announcedLine({ told, waiting, first }: Announced): string {
  if (first) return "The first announcement: everything that is published counts as known.";
  const count = (reason: string) => Object.values(waiting).filter((one) => one === reason).length;
  const reasons = (["paused", "delayed", "failed"] as const).filter((reason) => count(reason) > 0);
  const rest = reasons.map((reason) => `, ${count(reason)} ${reason}`).join("");
  return `${told.length} consumer${told.length === 1 ? " was" : "s were"} told${rest}.`;
}

/** Consumers that the summary lists; GitHub cuts what is longer than 1 MB. */
const LISTED = 200;

/** Markdown for the run's page. */
export function announcedText(result: Announced): string {
  const rows = [
    ...result.told.map((id) => [code(id), "told"]),
    ...Object.entries(result.waiting).map(([id, reason]) => [code(id), reason]),
  ];
  const more = rows.length > LISTED ? [`${rows.length - LISTED} more are not listed.`] : [];
  const list = rows.length === 0 ? [] : [table(["Consumer", ""], rows.slice(0, LISTED)), ...more];
  const faults = result.faults.map(({ message, remedy }) => `- ${text(message, 300)}: ${text(remedy, 300)}`);
  return ["## Consumers", announcedLine(result), ...list, faults.slice(0, LISTED).join("\n")]
    .filter((part) => part !== "")
    .join("\n\n");
}
