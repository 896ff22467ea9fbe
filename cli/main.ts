#!/usr/bin/env node
import { Command } from "commander";
import { adoptCommand } from "./commands/adopt.ts";
import { diffCommand } from "./commands/diff.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { driftCommand } from "./commands/drift.ts";
import { lintCommand } from "./commands/lint.ts";
import { namesCommand } from "./commands/names.ts";
import { outdatedCommand } from "./commands/outdated.ts";
import { proposeCommand } from "./commands/propose.ts";
import { rotateCommand } from "./commands/rotate.ts";
import { upCommand } from "./commands/up.ts";

const program = new Command("fleet")
  .description("What plain pulumi cannot do for a fleet of Composer packages")
  .showHelpAfterError();
for (const command of [
  lintCommand(),
  diffCommand(),
  doctorCommand(),
  namesCommand(),
  adoptCommand(),
  proposeCommand(),
  upCommand(),
  driftCommand(),
  rotateCommand(),
  outdatedCommand(),
]) {
  program.addCommand(command);
}

await program.parseAsync();
