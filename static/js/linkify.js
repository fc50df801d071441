// @ts-check
/**
 * Text with its addresses as links. Only http and https, and what is shown is where it leads. Takes
 * time in proportion to the text: every pattern is one class of characters, nothing is tried twice.
 */

import { el } from "./dom.js";

// Ends at spaces, quotes, Chinese punctuation and what shows nothing: `见https://a.cn/b，谢谢`.
const ADDRESS =
  /\bhttps?:\/\/[^\s<>"'`\u3000-\u303f\uff00-\uffef\u200b-\u200f\u2028-\u202e\u2060-\u206f]+/giu;
// A host of Chinese letters is far rarer than a sentence that goes on behind a host.
const HOST = /^https?:\/\/[^/?#\p{Script=Han}]*/iu;
const HAN = /^\p{Script=Han}/u;
const CLOSING = { ")": "(", "]": "[", "}": "{" };

/** @param {string} text @returns {(Node | string)[]} */
export function linkify(text) {
  const parts = [];
  let done = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = trimmed(match[0]);
    if (!leadsSomewhere(address)) continue;
    parts.push(text.slice(done, match.index), link(address));
    done = match.index + address.length;
  }
  parts.push(text.slice(done));
  return parts.filter((part) => part !== "");
}

/** @param {string} address */
function link(address) {
  return el("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, address);
}

/** Without the sentence's own full stop, and without a bracket that was opened before it. */
function trimmed(/** @type {string} */ found) {
  const host = HOST.exec(found)?.[0] ?? "";
  const whole = HAN.test(found.slice(host.length)) ? host : found;
  let end = whole.length;
  const open = { ")": 0, "]": 0, "}": 0 };
  for (const char of whole) {
    if (char in CLOSING) open[char] -= 1;
    for (const [close, opener] of Object.entries(CLOSING)) if (char === opener) open[close] += 1;
  }
  for (; end > 0; end -= 1) {
    const last = whole[end - 1];
    if (last in CLOSING && open[last] < 0) open[last] += 1;
    else if (!/[.,;:!?*_~]/.test(last)) break;
  }
  return whole.slice(0, end);
}

/** `https://bank@elsewhere` looks like another place than it leads to. @param {string} address */
function leadsSomewhere(address) {
  try {
    const { host, username, password } = new URL(address);
    return host !== "" && !username && !password;
  } catch {
    return false;
  }
}
