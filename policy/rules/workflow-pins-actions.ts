import type { ResourceRule } from "../rule.ts";
import { shown } from "../secrets.ts";
import { jobsOf, type Mapping, mapping, soundWorkflow, stepsOf } from "../workflow.ts";

/** A file of the same commit; an action or a workflow at a commit; an image at a digest. */
const PINNED = /^(?:\.\/|[\w.-]+\/[\w./-]+@[0-9a-f]{40}$|docker:\/\/[^\s@]+@sha256:[0-9a-f]{64}$)/;
/** An image that a job or a service runs in. */
const PINNED_IMAGE = /^[^\s@]+@sha256:[0-9a-f]{64}$/;

export const workflowPinsActions: ResourceRule<Record<string, never>> = {
  kind: "resource",
  name: "workflow-pins-actions",
  description: "Every action and every called workflow is pinned to a commit, every image to a digest.",
  reason: "A tag can be moved to other code, which then runs with the workflow's secrets; a commit cannot.",
  options: {},
  check(resource) {
    const file = soundWorkflow(resource);
    if (!file) return [];
    const used = jobsOf(file).flatMap(([name, job]) => [
      { place: `job ${name}`, uses: job.uses },
      ...stepsOf(name, job).map(({ place, step }) => ({ place, uses: step.uses })),
    ]);
    const faults = used
      .filter(({ uses }) => uses !== undefined && !(typeof uses === "string" && PINNED.test(uses)))
      .map(({ place, uses }) => {
        const what = `${shown(file.path)}, ${shown(place)}: ${shown(String(uses))}`;
        return `${what} is not pinned: write the full commit after the @, with the version as a comment`;
      });
    const images = jobsOf(file)
      .flatMap(([name, job]) => imagesOf(name, job))
      .filter(({ image }) => image !== "" && !(typeof image === "string" && PINNED_IMAGE.test(image)))
      .map(({ place, image }) => {
        const what = `${shown(file.path)}, ${shown(place)}: the image ${shown(String(image))}`;
        return `${what} is not pinned: write its digest after the @, as in name@sha256:...`;
      });
    return [...faults, ...images];
  },
};

/** Images that a job names: its container's and its services'. */
function imagesOf(
  name: string,
  job: Mapping,
): readonly { readonly place: string; readonly image: unknown }[] {
  const imageIn = (container: unknown) =>
    typeof container === "string" ? container : mapping(container).image;
  const services = Object.entries(mapping(job.services)).map(([service, container]) => ({
    place: `job ${name}, service ${service}`,
    image: imageIn(container),
  }));
  return job.container === undefined
    ? services
    : [{ place: `job ${name}, container`, image: imageIn(job.container) }, ...services];
}
