/**
 * Preloaded into programs and policy packs: ends them with the engine that started them.
 *
 * A killed engine cannot. A program that is left behind fails, and fails to say so into a pipe that nobody reads, again and again.
 */
const engine = process.ppid;
setInterval(() => {
  if (process.ppid !== engine) process.exit(1);
}, 500).unref();
