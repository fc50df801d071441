// @ts-check
/** What people wrote, as nodes: marked up, and never more than text. */

import { el } from "./dom.js";
import { graphemes } from "./people.js";
import { parse } from "./markup.js";

/** @typedef {import("./markup.js").Part} Part */

/** As many are shown larger: they stand for a whole answer. */
const ALONE = 3;
const PICTURE = /^(?:[\p{Extended_Pictographic}\p{Regional_Indicator}]|[0-9#*]\ufe0f?\u20e3)/u;

/** @param {string} text @returns {HTMLElement} a paragraph with all of it */
export function prose(text) {
  return el(`div.text${isPicture(text) ? ".large" : ""}`, { dir: "auto" }, ...nodes(parse(text)));
}

/** The same to stand in a sentence. @param {string} text */
export function words(text) {
  return el("bdi.text", {}, ...nodes(parse(text)));
}

/** @type {Record<Part["is"], (part: any) => Node | string>} */
const MAKE = {
  text: ({ text }) => text,
  code: ({ text }) => el("code", {}, text),
  fence: ({ text }) => el("pre", { tabindex: "0", dir: "ltr" }, el("code", {}, text)),
  link: ({ text }) => link(text),
  strong: ({ parts }) => el("strong", {}, ...nodes(parts)),
  em: ({ parts }) => el("em", {}, ...nodes(parts)),
  quote: ({ parts }) => el("blockquote", { dir: "auto" }, ...nodes(parts)),
};

/** @param {Part[]} parts */
function nodes(parts) {
  return parts.map((part) => MAKE[part.is](part));
}

/** @param {string} text */
function isPicture(text) {
  if (text.length > 64 || !PICTURE.test(text)) return false;
  const seen = graphemes(text.replace(/\s/g, ""));
  return seen.length <= ALONE && seen.every((one) => PICTURE.test(one));
}

/** What is shown is where it leads. @param {string} address */
export function link(address) {
  return el("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, address);
}
