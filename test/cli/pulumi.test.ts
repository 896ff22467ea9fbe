import { expect, test } from "vitest";
import { saidByPulumi } from "../../cli/engine/pulumi.ts";

const failed = (...stderr: string[]) =>
  new Error(
    `code: -2\n stdout: \n stderr: Command failed with exit code 3: pulumi x\n${stderr.join("\n")}\n err?: Error: Command failed with exit code 3: pulumi x\n${stderr.join("\n")}\n`,
  );

test("what Pulumi says is told once, without its command, with what to do", () => {
  const login = "error: PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions";
  expect(saidByPulumi(failed(login)).message).toBe(
    "pulumi: PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions: pulumi login, or set PULUMI_ACCESS_TOKEN or PULUMI_BACKEND_URL",
  );
  const passphrase = "error: constructing secrets manager: incorrect passphrase";
  expect(saidByPulumi(failed("warning: a", passphrase)).message).toBe(
    "pulumi: constructing secrets manager: incorrect passphrase: set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE",
  );
});

test("an error that is none of Pulumi's stays as it is", () => {
  const error = new Error("code: 1");
  expect(saidByPulumi(error)).toBe(error);
});
