// The program without index.ts's tuning of stack traces: what the benchmark compares with.
import { deployFleet } from "../components/program.ts";

export default deployFleet;
