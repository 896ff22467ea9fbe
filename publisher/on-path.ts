import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";

/** Path of a program in the folders of a PATH; `undefined` where none of them has it. */
export async function onPath(program: string, path: string): Promise<string | undefined> {
  for (const folder of path.split(delimiter).filter((one) => one !== "")) {
    const file = join(folder, program);
    const runs = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (runs) return file;
  }
  return undefined;
}
