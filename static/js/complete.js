// @ts-check
/**
 * What could come at the caret: a command behind the first slash, a name behind an @ (or behind
 * /msg), a picture behind a colon and two letters. Pure: it is given what is known.
 */

import { folded } from "./mentions.js";

/**
 * @typedef {{insert: string, label: string, help: string}} Candidate
 * @typedef {{from: number, to: number, candidates: Candidate[]}} Completion
 *   What stands between `from` and `to` is to be replaced.
 * @typedef {{commands: readonly {usage: string, help: string}[], nicks: readonly string[],
 *   emoji: () => readonly string[]}} Known  `emoji`: "name picture" each
 */

const SHOWN = 8;
const COMMAND = /^[/／](\S*)$/;
const MESSAGE = /^[/／]msg\s+(\S*)$/i;
// Not in an address: an @ behind a letter is none of ours.
const MENTION = /(?<![A-Za-z0-9._+-])[@＠]([^\n@＠]{0,32})$/u;
// Not in a sentence: 他说：好的 is to be sent, not to become a picture.
const EMOJI = /(?<!\S)[:：]([\p{L}\p{N}_+-]{2,})$/u;

/** @param {string} text @param {number} caret @param {Known} known @returns {Completion | null} */
export function complete(text, caret, known) {
  const before = text.slice(0, caret);
  for (const [pattern, mark, find] of WAYS) {
    const match = pattern.exec(before);
    const candidates = match ? find(match[1], known).slice(0, SHOWN) : [];
    if (!match || !candidates.length) continue;
    return { from: caret - match[1].length - mark, to: caret, candidates };
  }
  return null;
}

/** What is looked for, how many marks before it are replaced too, and what fits. */
/** @type {[RegExp, number, (typed: string, known: Known) => Candidate[]][]} */
const WAYS = [
  [COMMAND, 1, commands],
  [MESSAGE, 0, (typed, known) => names(typed, known, "")],
  [MENTION, 1, (typed, known) => names(typed, known, "@")],
  [EMOJI, 1, pictures],
];

/** @param {string} typed @param {Known} known */
function commands(typed, known) {
  return known.commands
    .map(({ usage, help }) => ({ insert: `${usage.split(" ")[0]} `, label: usage, help }))
    .filter(({ insert }) => insert.startsWith(`/${folded(typed)}`));
}

/** @param {string} typed @param {Known} known @param {string} mark */
function names(typed, known, mark) {
  const begun = folded(typed);
  return known.nicks
    .filter((nick) => folded(nick).startsWith(begun))
    .map((nick) => ({ insert: `${mark}${nick} `, label: nick, help: "" }));
}

/** Names that begin so before names that hold it. @param {string} typed @param {Known} known */
function pictures(typed, known) {
  const begun = folded(typed);
  const found = known.emoji().filter((entry) => entry.includes(begun));
  found.sort((a, b) => Number(b.startsWith(begun)) - Number(a.startsWith(begun)));
  return found.map((entry) => {
    const [name, picture] = entry.split(" ");
    return { insert: picture, label: `${picture} ${name}`, help: "" };
  });
}
