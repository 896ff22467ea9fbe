import { expect, it } from "vitest";
import { tellFault } from "../../demo/faults/story.ts";
import { FAULTS } from "../../demo/faults.ts";

it.each(FAULTS.map((story) => [story.fault, story] as const))(
  "%s: the site stays whole, and what must heal it does",
  async (_, story) => {
    const result = await tellFault(story);
    expect(result).toEqual({
      fault: story.fault,
      happened: expect.stringMatching(/./),
      siteIntact: true,
      healedBy: expect.stringMatching(/./),
    });
  },
);
