// @ts-check

const COLORS = 12; // classes c0 to c11 of tokens.css

/** The colour class of a name: the same for everybody, on every visit. @param {string} nick */
export function colorOf(nick) {
  let hash = 0;
  for (const char of nick.toLowerCase()) hash = (hash * 31 + (char.codePointAt(0) ?? 0)) >>> 0;
  return `c${hash % COLORS}`;
}
