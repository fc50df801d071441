// @ts-check
/** How a person is shown: a colour and a monogram of the name, and the door they came by. */

import { el, icon } from "./dom.js";
import { has, t } from "./i18n.js";
import { folded } from "./mentions.js";

const HUES = 12;
const DOORS_WITH_ICON = ["web", "tcp", "http", "bot"];
const segmenter = "Segmenter" in Intl ? new Intl.Segmenter() : null;

/** What people take for one letter. @param {string} text */
export function graphemes(text) {
  return segmenter ? Array.from(segmenter.segment(text), (one) => one.segment) : [...text];
}

/** @param {string} nick */
export function name(nick) {
  return el(`bdi.nick.${hue(nick)}`, {}, nick);
}

/** @param {string} nick */
export function monogram(nick) {
  return el(`span.face.${hue(nick)}`, { "aria-hidden": "true" }, initial(nick));
}

/** @param {string} door */
export function doorBadge(door) {
  return el("span.door", {}, doorIcon(door), doorName(door));
}

/** @param {string} door */
export function doorIcon(door) {
  return icon(DOORS_WITH_ICON.includes(door) ? door : "other");
}

/** A door that this page does not know yet has a name all the same. @param {string} door */
export function doorName(door) {
  return has(`door.${door}`) ? t(`door.${door}`) : door;
}

/** One of the classes of tokens.css, the same on every page. @param {string} nick */
function hue(nick) {
  let hash = 0;
  for (const char of folded(nick)) {
    hash = (Math.imul(hash, 31) + (char.codePointAt(0) ?? 0)) >>> 0;
  }
  return `hue-${hash % HUES}`;
}

/**
 * The first letter; of a Chinese name the last, by which 小明 and 小红 are told apart.
 * @param {string} nick
 */
function initial(nick) {
  const letters = graphemes(nick);
  const chosen = /^\p{Script=Han}+$/u.test(nick) ? letters.at(-1) : letters[0];
  return (chosen ?? "").toUpperCase();
}
