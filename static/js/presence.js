// @ts-check
/**
 * Who came and who went, as one quiet line. What follows without a word between is folded into it,
 * and who came and went again leaves no trace.
 */

/**
 * @typedef {{from: string, to: string}} Renamed
 * @typedef {{joined: string[], left: string[], renamed: Renamed[]}} Comings
 */

/**
 * What of a presence frame others need to be told: not ourselves, nor whom the welcome had listed.
 * @param {import("./frames.js").Frame} frame
 * @param {{nick: string, members: ReadonlyMap<string, string>}} before
 * @returns {Comings | null} null: nothing
 */
export function foldable(frame, { nick, members }) {
  /** @type {string[]} */
  const names = frame.joined.map((/** @type {{nick: string}} */ here) => here.nick);
  const joined = names.filter((name) => name !== nick && !members.has(name));
  const left = frame.left.filter((/** @type {string} */ name) => name !== nick);
  const renamed = frame.renamed.filter(
    (/** @type {Renamed} */ { from, to }) => from !== nick && to !== nick,
  );
  return joined.length || left.length || renamed.length ? { joined, left, renamed } : null;
}

/**
 * @template {Comings} L
 * @param {L} line
 * @param {Comings} told what came after it
 * @returns {L | null} null: it cancels out
 */
export function fold(line, told) {
  const came = told.joined.filter((name) => !line.left.includes(name));
  const went = told.left.filter((name) => !line.joined.includes(name));
  const joined = [...line.joined.filter((name) => !told.left.includes(name)), ...came];
  const left = [...line.left.filter((name) => !told.joined.includes(name)), ...went];
  const renamed = [...line.renamed, ...told.renamed];
  return joined.length || left.length || renamed.length ? { ...line, joined, left, renamed } : null;
}
