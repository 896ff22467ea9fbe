import { defineConfig } from "vitest/config";

/** The operator's commands and the policy pack end to end: a suite of their own, for it takes as long as all the rest. */
const OPERATOR = ["test/e2e/cli-*.test.ts", "test/e2e/policy.test.ts"];

/** The publisher's and the consumers' stories, told whole, with real git and Composer; and the page in a browser. */
const REGISTRY = [
  "test/e2e/{publisher-faults,start-empty}.test.ts",
  "test/publisher/{build,main,on-the-runner,publish,publish-killed,rollback}.test.ts",
  "test/publisher/announce/{announce,faults}.test.ts",
  "test/publisher/page/browser.test.ts",
  "test/updater/{faults,flow,people}.test.ts",
];

// Five projects: `unit` needs nothing, `sandbox` runs the whole program on the sandbox engine, `engine` runs the same
// stories on the real Pulumi and compares both engines; `operator` runs what OPERATOR names, on the engine that ENGINE names;
// `registry` runs what REGISTRY names.
export default defineConfig({
  test: {
    // Most tests wait for child processes: both cores are used.
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/e2e/**", "test/differential/**", "test/sandbox/engine/**", ...REGISTRY],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: "sandbox",
          include: ["test/e2e/**/*.test.ts", "test/sandbox/engine/**/*.test.ts"],
          exclude: [...OPERATOR, ...REGISTRY],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          env: { ENGINE: "sandbox" },
        },
      },
      {
        test: {
          name: "engine",
          include: ["test/e2e/**/*.test.ts", "test/differential/**/*.test.ts"],
          exclude: [...OPERATOR, ...REGISTRY, "test/e2e/private-registry.test.ts"],
          testTimeout: 300_000,
          hookTimeout: 120_000,
          env: { ENGINE: "pulumi" },
        },
      },
      {
        test: {
          name: "operator",
          include: OPERATOR,
          testTimeout: 300_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: "registry",
          include: REGISTRY,
          testTimeout: 180_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
