import { defineConfig } from "vitest/config";

// Three projects: `unit` needs nothing, `sandbox` runs the whole program on the sandbox engine, `engine` runs the same
// stories on the real Pulumi (ENGINE=pulumi) and compares both engines.
export default defineConfig({
  test: {
    // Most tests wait for child processes: both cores are used.
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/e2e/**", "test/differential/**", "test/sandbox/engine/**"],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: "sandbox",
          include: ["test/e2e/**/*.test.ts", "test/sandbox/engine/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          env: { ENGINE: "sandbox" },
        },
      },
      {
        test: {
          name: "engine",
          include: ["test/e2e/**/*.test.ts", "test/differential/**/*.test.ts"],
          testTimeout: 300_000,
          hookTimeout: 120_000,
          env: { ENGINE: "pulumi" },
        },
      },
    ],
  },
});
