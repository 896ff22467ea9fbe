import { PolicyPack } from "@pulumi/policy";
import { policiesOf } from "./pack.ts";
import { RULES } from "./rules.ts";

// Starts a server that the engine asks: importing this file is running the pack.
new PolicyPack("satis-fleet", { policies: policiesOf(RULES) });
