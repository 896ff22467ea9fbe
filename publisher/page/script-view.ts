/** Parts of {@link ./script.ts}: helpers for elements. */
export const ELEMENTS = `
/** @param {string} id */
function at(id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error("no element " + id);
  return element;
}

/**
 * @param {string} tag
 * @param {string} className
 * @param {...(Node | string)} children
 */
function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className !== "") element.className = className;
  element.append(...children);
  return element;
}

/** @param {string} message */
function say(message) {
  said.textContent = message;
}

/** @param {HTMLElement} box */
async function copyFrom(box) {
  const code = box.querySelector("code");
  const button = box.querySelector("button");
  if (code === null || button === null) return;
  try {
    await navigator.clipboard.writeText(code.textContent ?? "");
    button.textContent = "Copied";
    say("Copied");
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  } catch {
    getSelection()?.selectAllChildren(code);
    say("Selected: copy it with your keyboard");
  }
}

/** @param {string} text */
function command(text) {
  const pre = make("pre", "", make("code", "", text));
  pre.tabIndex = 0;
  const button = make("button", "copy", "Copy");
  button.setAttribute("type", "button");
  return make("div", "command", pre, button);
}
`;

/** Parts of {@link ./script.ts}: one package, closed and open. */
export const ROWS = `
/** @param {Package} one */
function row(one) {
  const [version, date] = one.versions[0] ?? ["", ""];
  const slash = one.name.indexOf("/") + 1;
  const title = make("span", "title", nameOf(one.name, slash));
  if (one.abandoned !== undefined) title.append(make("span", "gone", "abandoned"));
  const summary = make("summary", "", title, make("span", "version", version));
  summary.append(make("span", "text", ...marked(one.description)), make("span", "date", date));
  const element = document.createElement("details");
  element.className = "package";
  element.dataset.name = one.name;
  element.append(summary);
  element.addEventListener("toggle", () => {
    if (!element.open) return;
    if (element.children.length === 1) element.append(body(one));
    history.replaceState(null, "", "#" + one.name);
  });
  return element;
}

/** @param {string} name @param {number} slash */
function nameOf(name, slash) {
  const element = make("span", "name");
  if (wanted.some((word) => word.includes("/"))) element.append(...marked(name));
  else element.append(make("span", "vendor", ...marked(name.slice(0, slash))), ...marked(name.slice(slash)));
  return element;
}

/** What a package shows when it is opened.
 * @param {Package} one */
function body(one) {
  const facts = make("dl", "facts-of");
  /** @param {string} term @param {Node | string} value */
  const add = (term, value) => facts.append(make("dt", "", term), make("dd", "", value));
  if (one.abandoned !== undefined)
    add("Abandoned", one.abandoned === "" ? "by its authors" : "by its authors; use " + one.abandoned);
  add("License", one.license.length === 0 ? "not stated" : one.license.join(" or "));
  add("Requires", one.requires.length === 0 ? "nothing" : make("ul", "requires", ...one.requires.map(requirement)));
  if (one.reference !== "") add("Commit", make("code", "", one.reference));
  const others = one.versions.slice(1);
  const label = others.length === 1 ? "1 more version" : others.length + " more versions";
  if (others.length > 0) add(label, make("ul", "versions", ...others.map(otherVersion)));
  return make("div", "body", command("composer require " + one.install), facts);
}

/** @param {[string, string]} requirement */
function requirement([name, constraint]) {
  const known = places.has(name.toLowerCase());
  const label = make(known ? "a" : "span", "", name);
  if (known) label.setAttribute("href", "#" + name.toLowerCase());
  return make("li", "", label, make("code", "", constraint));
}

/** @param {[string, string]} version */
function otherVersion([version, date]) {
  const day = make("time", "", date);
  return make("li", "", make("code", "", version), day);
}
`;
