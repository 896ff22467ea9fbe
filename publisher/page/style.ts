/** The page's style, as text: one file must hold the publisher, and one file the page. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: light-dark(#fbfbfa, #131417);
  --raised: light-dark(#ffffff, #1a1c20);
  --sunken: light-dark(#f2f2ef, #202329);
  --line: light-dark(#dfdfda, #30343b);
  --edge: light-dark(#868a90, #7d838c);
  --ink: light-dark(#1b1c1f, #e8e8e5);
  --quiet: light-dark(#585d66, #a5abb4);
  --accent: light-dark(#1f56b8, #8fb7f7);
  --mark: light-dark(#fde9a8, #59490f);
  --warn: light-dark(#8a4700, #efb26a);
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  --mono: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace;
}
:root[data-theme="light"] { color-scheme: light; }
:root[data-theme="dark"] { color-scheme: dark; }
* { box-sizing: border-box; }
html { scroll-padding-top: 5rem; }
body {
  margin: 0 auto; max-width: 56rem; padding: 0 1.5rem 3rem;
  background: var(--ground); color: var(--ink);
  font: 1rem/1.55 var(--sans); overflow-wrap: anywhere;
  -webkit-text-size-adjust: 100%; text-size-adjust: 100%;
}
h1, h2, p, ul, dl, dd, pre { margin: 0; padding: 0; }
ul { list-style: none; }
code, pre, kbd { font-family: var(--mono); font-size: .875em; }
a { color: var(--accent); text-underline-offset: .2em; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
.hidden, .skip:not(:focus) {
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap;
}
.skip:focus { position: absolute; top: .5rem; left: 1rem; z-index: 2; padding: .5rem .75rem; background: var(--raised); }
button {
  flex: none; min-height: 2.25rem; padding: .25rem .75rem; border: 1px solid var(--line); border-radius: 6px;
  background: var(--raised); color: var(--ink); font: inherit; font-size: .875rem; cursor: pointer;
}
button:hover { border-color: var(--edge); }
kbd {
  display: inline-block; min-width: 1.5em; padding: 0 .35em; border: 1px solid var(--line); border-radius: 4px;
  background: var(--raised); color: var(--quiet); text-align: center;
}

header { display: flex; justify-content: space-between; align-items: flex-start; gap: 1rem; padding: 3rem 0 2rem; }
.kind { color: var(--quiet); font-size: .875rem; }
h1 { font-size: clamp(1.75rem, 5vw, 2.25rem); line-height: 1.2; letter-spacing: -.02em; font-weight: 650; text-wrap: balance; }
.about { margin-top: .5rem; max-width: 40rem; font-size: 1.0625rem; }
.facts { margin-top: .5rem; color: var(--quiet); font-size: .9375rem; }
h2 { font-size: 1.0625rem; font-weight: 600; }

.setup { padding: 1.25rem 1.25rem 1rem; border: 1px solid var(--line); border-radius: 10px; background: var(--raised); }
.setup > p { color: var(--quiet); font-size: .9375rem; }
.setup .address { margin-top: .75rem; }
.token { margin-top: .75rem; font-size: .9375rem; }
.token > summary { width: fit-content; color: var(--accent); cursor: pointer; }
.token > p { margin-top: .25rem; color: var(--quiet); }
.command {
  display: flex; align-items: center; gap: .5rem; margin-top: .375rem; padding: .25rem .25rem .25rem .875rem;
  border-radius: 8px; background: var(--sunken);
}
.command pre { flex: 1; min-width: 0; padding: .375rem 0; white-space: pre-wrap; line-height: 1.5; }

.find { display: block; position: sticky; top: 0; z-index: 1; padding: 1.5rem 0 .75rem; background: var(--ground); }
.find input {
  width: 100%; height: 3rem; padding: 0 1rem; border: 1px solid var(--edge); border-radius: 10px;
  background: var(--raised); color: var(--ink); font: inherit; font-size: 1.0625rem;
}
.find input::placeholder { color: var(--quiet); opacity: 1; }
.find input:focus { outline: 2px solid var(--accent); outline-offset: 0; border-color: transparent; }
.find kbd { position: absolute; right: .875rem; top: 2.25rem; font-size: .8125rem; pointer-events: none; }
.find input:focus + kbd, .find input:not(:placeholder-shown) + kbd { visibility: hidden; }
.bar { display: flex; justify-content: space-between; align-items: baseline; gap: 1rem; padding: .5rem 0 .75rem; }
#count { color: var(--quiet); font-size: .875rem; font-variant-numeric: tabular-nums; }

.package { border-top: 1px solid var(--line); }
.package:last-child { border-bottom: 1px solid var(--line); }
.package > summary {
  display: grid; grid-template-columns: minmax(0, 1fr) fit-content(50%); column-gap: 1.5rem; align-items: baseline;
  margin: 0 -.75rem; padding: .75rem; border-radius: 8px; cursor: pointer; list-style: none;
}
.package > summary::-webkit-details-marker { display: none; }
.package > summary:hover { background: var(--sunken); }
.package > summary:focus-visible { outline-offset: -2px; border-radius: 8px; }
.name { font-weight: 600; }
.vendor { color: var(--quiet); font-weight: 400; }
.version { font-family: var(--mono); font-size: .875rem; text-align: right; }
.text { color: var(--quiet); font-size: .9375rem; }
.package:not([open]) .text { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden; }
.date { color: var(--quiet); font-size: .875rem; text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.gone { margin-left: .5rem; color: var(--warn); font-size: .8125rem; font-weight: 500; }
mark { background: var(--mark); color: inherit; border-radius: 2px; }
.body { padding: .25rem 0 1.5rem; }
.body > .command { margin-top: 0; }
.facts-of { display: grid; grid-template-columns: 7.5rem minmax(0, 1fr); gap: .625rem 1rem; margin-top: 1rem; font-size: .9375rem; }
.facts-of dt { color: var(--quiet); }
.requires li { display: flex; flex-wrap: wrap; gap: 0 .75rem; align-items: baseline; }
.requires code { color: var(--quiet); }
.versions { columns: 13rem; column-gap: 2.5rem; }
.versions li { display: flex; gap: .75rem; justify-content: space-between; align-items: baseline; break-inside: avoid; }
.versions time { color: var(--quiet); font-size: .875rem; white-space: nowrap; font-variant-numeric: tabular-nums; }
.none { padding: 2rem 0; border-top: 1px solid var(--line); color: var(--quiet); }
noscript li { padding: .25rem 0; border-top: 1px solid var(--line); }
footer { margin-top: 2.5rem; color: var(--quiet); font-size: .875rem; }
footer p + p { margin-top: .5rem; }

@media (max-width: 40rem) {
  body { padding: 0 1rem 2rem; }
  header { padding: 1.75rem 0 1.5rem; }
  .setup { padding: 1rem; }
  .package > summary { column-gap: 1rem; }
  .text { grid-column: 1 / -1; }
  .date { grid-column: 1 / -1; text-align: left; }
  .facts-of { grid-template-columns: minmax(0, 1fr); gap: .125rem; }
  .facts-of dd { margin-bottom: .625rem; }
  .keys { display: none; }
}
@media (pointer: coarse) {
  button { min-height: 2.75rem; }
  .find kbd, .keys { display: none; }
}
@media (prefers-reduced-motion: no-preference) {
  button, .package > summary { transition: background-color .12s, border-color .12s; }
}
@media (forced-colors: active) {
  mark { forced-color-adjust: none; background: Mark; color: MarkText; }
}
`;
