// Draws a terminal's text as SVG:  FORCE_COLOR=1 npm start --silent | node docs/picture.ts 'npm start' > docs/start.svg
import { text } from "node:stream/consumers";

const [WIDTH, HEIGHT, MARGIN] = [8.4, 19, 18];
const STYLES: Readonly<Record<string, string>> = { 1: "b", 2: "d", 32: "g", 33: "y", 31: "r", 36: "c" };

const escaped = (plain: string) =>
  plain.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** One line's spans: SGR sequences become classes, every other sequence is dropped. */
function spans(line: string): string {
  const classes = new Set<string>();
  // biome-ignore lint/suspicious/noControlCharactersInRegex: terminal sequences begin with one.
  const parts = line.split(/\u001b\[([0-9;]*)m/);
  return parts
    .map((part, index) => {
      if (index % 2 === 0)
        return part === "" ? "" : `<tspan class="${[...classes].join(" ")}">${escaped(part)}</tspan>`;
      for (const code of part.split(";")) {
        const style = STYLES[code];
        if (style) classes.add(style);
        else if (code === "22") for (const weight of ["b", "d"]) classes.delete(weight);
        else classes.clear();
      }
      return "";
    })
    .join("");
}

const lines = [
  `\u001b[2m$\u001b[22m ${process.argv[2] ?? ""}`,
  ...(await text(process.stdin)).trimEnd().split("\n"),
];
// biome-ignore lint/suspicious/noControlCharactersInRegex: see above.
const longest = Math.max(...lines.map((line) => line.replaceAll(/\u001b\[[0-9;]*m/g, "").length));
const [width, height] = [Math.ceil(longest * WIDTH + 2 * MARGIN), lines.length * HEIGHT + 2 * MARGIN];
console.log(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<title>${escaped(process.argv[2] ?? "A terminal")}</title>
<style>
rect{fill:#0d1117}text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#d1d7e0;white-space:pre}
.b{font-weight:700}.d{fill:#8b949e}.g{fill:#3fb950}.y{fill:#d29922}.r{fill:#f85149}.c{fill:#39c5cf}
</style>
<rect width="100%" height="100%" rx="8"/>`);
for (const [index, line] of lines.entries()) {
  console.log(
    `<text x="${MARGIN}" y="${MARGIN + (index + 0.75) * HEIGHT}" xml:space="preserve">${spans(line)}</text>`,
  );
}
console.log("</svg>");
