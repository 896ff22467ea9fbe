/** Three policies: one that forbids, one that mends, one that looks at the whole stack. */
import { PolicyPack } from "@pulumi/policy";

new PolicyPack("test-pack", {
  policies: [
    {
      name: "no-black",
      description: "Nothing is black.",
      enforcementLevel: "mandatory",
      validateResource: ({ props }, report) => {
        if (props.color === "black") report("it is black");
      },
    },
    {
      name: "white-is-ivory",
      description: "White becomes ivory.",
      enforcementLevel: "remediate",
      remediateResource: ({ props }) => (props.color === "white" ? { ...props, color: "ivory" } : undefined),
    },
    {
      name: "few",
      description: "There are few things.",
      enforcementLevel: "advisory",
      validateStack: ({ resources }, report) => {
        const things = resources.filter(({ type }) => type === "fake:index:Thing");
        if (things.length > 1)
          report(`${things.length} are many: ${things.map(({ props }) => props.serial)}`);
      },
    },
  ],
});
