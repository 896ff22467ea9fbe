#!/usr/bin/env node
import { Command } from "commander";

/** Every command, each in its own file: a name, its options, and an action that gives the exit code. */
const program = new Command("fleet")
  .description("What plain pulumi cannot do for a fleet of Composer packages")
  .showHelpAfterError();

await program.parseAsync();
