// @ts-check
/** Making nodes. Strings become text nodes, never markup: there is no other way in here. */

/**
 * @param {string} id of an element that index.html has
 * @returns {any} spares a cast at each use
 */
export function byId(id) {
  return document.getElementById(id);
}

/**
 * `el("p.by.own", {dir: "auto"}, "text", node)`
 * @param {string} what tag and classes
 * @param {Record<string, string>} [attributes]
 * @param {...(Node | string)} children
 */
export function el(what, attributes = {}, ...children) {
  const [tag, ...classes] = what.split(".");
  const node = document.createElement(tag);
  if (classes.length) node.className = classes.join(" ");
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** @param {string} label @param {() => void} onclick @param {string} [classes] */
export function button(label, onclick, classes = "link") {
  const node = el(`button.${classes}`, { type: "button" }, label);
  node.addEventListener("click", onclick);
  return node;
}

/** A picture of index.html's; text beside it says the same. @param {string} name */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

const SVG = "http://www.w3.org/2000/svg";
