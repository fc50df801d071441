// @ts-check
/**
 * Plain text as people mark it up: fences, quotes, `code`, **bold**, *italic*, addresses. What goes
 * over the wire and to terminals is the text itself; this is how the page shows it. Gives a tree of
 * plain objects, knows no page, and takes time in proportion to the text.
 *
 * What is not closed is not markup, so half a pair stands as it was written.
 */

import { addresses } from "./addresses.js";

/**
 * @typedef {{is: "text", text: string}} Text
 * @typedef {{is: "code" | "fence" | "link", text: string}} Literal
 * @typedef {{is: "strong" | "em" | "quote", parts: Part[]}} Around
 * @typedef {Text | Literal | Around} Part
 */

const FENCE = /^```[^\n`]*\n([^]*?)\n?```[ \t]*(?:\n|$)/gm;
const QUOTES = /^(?:>[ \t]?.*(?:\n|$))+/gm;
const CODE = /(`+)([^`\n](?:[^\n]*?[^`\n])?)\1(?!`)/g;
// Not `2*3*4`, not `* list`: what is marked begins and ends with something, and at a word's edge.
const STRONG = /\*\*(?=\S)([^*\n]*[^*\s])\*\*/g;
const EM = /(?<![\w*])\*(?=[^\s*])([^*\n]*[^*\s])\*(?![\w*])/g;

/** @param {string} text @returns {Part[]} */
export function parse(text) {
  return split(text, FENCE, ([, code]) => ({ is: "fence", text: code }), quoted);
}

/** @param {string} text @returns {Part[]} */
function quoted(text) {
  return split(text, QUOTES, ([whole]) => ({ is: "quote", parts: inline(unquoted(whole)) }), inline);
}

/** @param {string} lines */
function unquoted(lines) {
  return lines.trimEnd().replace(/^>[ \t]?/gm, "");
}

/** @param {string} text @returns {Part[]} */
export function inline(text) {
  if (!/[`*]|:\/\/|mailto:/i.test(text)) return text ? [{ is: "text", text }] : [];
  return split(text, CODE, ([, , code]) => ({ is: "code", text: code }), linked);
}

/** @param {string} text @returns {Part[]} */
function linked(text) {
  /** @type {Part[]} */
  const parts = [];
  let done = 0;
  for (const { from, to } of addresses(text)) {
    parts.push(...strong(text.slice(done, from)), { is: "link", text: text.slice(from, to) });
    done = to;
  }
  return [...parts, ...strong(text.slice(done))];
}

/** @param {string} text @returns {Part[]} */
function strong(text) {
  return split(text, STRONG, ([, said]) => ({ is: "strong", parts: emphasis(said) }), emphasis);
}

/** @param {string} text @returns {Part[]} */
function emphasis(text) {
  return split(text, EM, ([, said]) => ({ is: "em", parts: plain(said) }), plain);
}

/** @param {string} text @returns {Part[]} */
function plain(text) {
  return text ? [{ is: "text", text }] : [];
}

/**
 * What the pattern finds, and of what stands between, what `rest` makes of it.
 * @param {string} text @param {RegExp} pattern
 * @param {(match: RegExpMatchArray) => Part} make @param {(text: string) => Part[]} rest
 */
function split(text, pattern, make, rest) {
  /** @type {Part[]} */
  const parts = [];
  let done = 0;
  for (const match of text.matchAll(pattern)) {
    parts.push(...rest(text.slice(done, match.index)), make(match));
    done = match.index + match[0].length;
  }
  return [...parts, ...rest(text.slice(done))];
}
