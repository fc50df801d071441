// @ts-check
/**
 * Text as DOM nodes, with its http and https addresses as links. One pass over the text, each
 * character looked at a bounded number of times: no pattern that could run away. Never a string
 * of HTML.
 */

// An address ends where CJK text or its punctuation begins: 见https://example.com/a，谢谢
const ADDRESS = /https?:\/\/[\w\-.~:/?#[\]@!$&'()*+,;=%]+/g;
const TRAILING = new Set([..."),.;:!?'\"]*"]);

/** @param {string} text @returns {Node[]} */
export function linkify(text) {
  const nodes = [];
  let done = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = trimmed(match[0]);
    if (!URL.canParse(address)) continue;
    nodes.push(document.createTextNode(text.slice(done, match.index)), link(address));
    done = match.index + address.length;
  }
  nodes.push(document.createTextNode(text.slice(done)));
  return nodes;
}

function trimmed(address) {
  let end = address.length;
  const opens = address.includes("(");
  while (TRAILING.has(address[end - 1]) && !(opens && address[end - 1] === ")")) end -= 1;
  return address.slice(0, end);
}

function link(address) {
  const anchor = document.createElement("a");
  anchor.href = address;
  anchor.rel = "noopener noreferrer";
  anchor.target = "_blank";
  anchor.textContent = address;
  return anchor;
}
