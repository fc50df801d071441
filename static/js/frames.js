// @ts-check
/** JSON lines, as docs/protocol.md has them. One frame may carry several. Knows no DOM. */

/** @typedef {{kind: string, [field: string]: any}} Message */

/** @param {Message} message */
export function encode(message) {
  return JSON.stringify(message);
}

/** @param {string} data @returns {Message[]} what it holds; lines that are no objects are passed over */
export function decode(data) {
  return data.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
}
