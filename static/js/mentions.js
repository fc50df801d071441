// @ts-check
/**
 * Who is meant. `@name` anywhere, or a name at the beginning with a colon or comma behind it, as
 * people on terminals write; full-width punctuation and upper case make no difference. Chinese puts
 * no space behind a name, so of several names that fit the longest is meant: `@小明明你好` is not
 * 小明. Pure.
 */

const WORD = /[\p{L}\p{N}_]/u;
const LATIN = /[a-z0-9_]/;
const AFTER_ADDRESSEE = /^\s*[:,，：、]/;

/** @param {string} text @param {string} nick @param {ReadonlyMap<string, unknown>} members */
export function mentions(text, nick, members) {
  const own = folded(nick);
  if (!own) return false;
  const said = folded(text);
  if (said.startsWith(own) && AFTER_ADDRESSEE.test(said.slice(own.length))) return true;
  for (let at = said.indexOf(`@${own}`); at >= 0; at = said.indexOf(`@${own}`, at + 1)) {
    if (!LATIN.test(said[at - 1] ?? "") && isWhole(said, at + 1, own, members)) return true;
  }
  return false;
}

/** The same for all ways to write it. @param {string} text */
export function folded(text) {
  return text.normalize("NFKC").toLowerCase();
}

/** Whether the name at `start` is not only the beginning of another one. */
function isWhole(
  /** @type {string} */ said, /** @type {number} */ start, /** @type {string} */ own,
  /** @type {ReadonlyMap<string, unknown>} */ members,
) {
  const next = said[start + own.length] ?? "";
  if (!WORD.test(next)) return true;
  if (LATIN.test(own.at(-1) ?? "") && LATIN.test(next)) return false;
  for (const other of members.keys()) {
    const longer = folded(other);
    if (longer.length > own.length && said.startsWith(longer, start)) return false;
  }
  return true;
}
