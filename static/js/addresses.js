// @ts-check
/**
 * Where the addresses stand in a text: http, https and mailto, nothing else. Takes time in
 * proportion to the text: every pattern is one class of characters, nothing is tried twice. Pure.
 */

// Ends at spaces, quotes, Chinese punctuation and what shows nothing: `见https://a.cn/b，谢谢`.
const ADDRESS =
  /\b(?:https?:\/\/|mailto:)[^\s<>"'`\u3000-\u303f\uff00-\uffef\u200b-\u200f\u2028-\u202e\u2060-\u206f]+/giu;
// A host of Chinese letters is far rarer than a sentence that goes on behind a host.
const HOST = /^(?:https?:\/\/|mailto:)[^/?#\p{Script=Han}]*/iu;
const HAN = /^\p{Script=Han}/u;
/** @type {Record<string, string>} */
const CLOSING = { ")": "(", "]": "[", "}": "{" };

/** @param {string} text @returns {{from: number, to: number}[]} in order, apart from each other */
export function addresses(text) {
  const found = [];
  for (const match of text.matchAll(ADDRESS)) {
    const address = trimmed(match[0]);
    if (!leadsSomewhere(address)) continue;
    found.push({ from: match.index, to: match.index + address.length });
  }
  return found;
}

/** Without the sentence's own full stop, and without a bracket that was opened before it. */
function trimmed(/** @type {string} */ found) {
  const host = HOST.exec(found)?.[0] ?? "";
  const whole = HAN.test(found.slice(host.length)) ? host : found;
  let end = whole.length;
  /** @type {Record<string, number>} */
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
    const { protocol, host, username, password, pathname } = new URL(address);
    if (protocol === "mailto:") return /^[^@\s]+@[^@\s]+$/.test(pathname);
    return host !== "" && !username && !password;
  } catch {
    return false;
  }
}
