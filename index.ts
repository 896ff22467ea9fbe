import log from "@pulumi/pulumi/log/index.js";
import { deployFleet } from "./components/program.ts";

// The SDK takes a stack trace for every promise and resource, and its host formats each through source maps that type stripping does
// not need: half of a large program's time (measured). Users' faults carry their own file and line.
Error.stackTraceLimit = 0;
Reflect.deleteProperty(Error, "prepareStackTrace");

// The SDK also tells the engine three debug messages a resource, one after the other whatever --parallel says, and ends only when the
// last was answered: most of the rest of the time (measured). Who looks for a fault in the SDK itself sets SATIS_FLEET_DEBUG.
if (!process.env.SATIS_FLEET_DEBUG) log.debug = async () => {};

export default deployFleet;
