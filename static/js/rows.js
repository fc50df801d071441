// @ts-check
/**
 * From lines to what stands in the log: days between them, an author's messages together, and at
 * the end what is on its way. Pure.
 */

import { dayKey, dayName } from "./time.js";

/**
 * @typedef {import("./state.js").Line} Line
 * @typedef {import("./outbox.js").Entry} Entry
 * @typedef {{key: string, type: string, line: Line | Entry, head: boolean, label: string}} Row
 *   Two rows that are alike in `line`, `head` and `label` look alike.
 */

const TOGETHER_MS = 5 * 60_000;

/**
 * @param {readonly Line[]} lines
 * @param {readonly Entry[]} entries
 * @param {string} nick ours
 * @param {number} now
 * @returns {Row[]}
 */
export function rows(lines, entries, nick, now) {
  /** @type {Row[]} */
  const made = [];
  /** @type {Line | null} */
  let last = null;
  let day = "";
  for (const line of lines) {
    const itsDay = line.type === "gap" ? day : dayKey(line.at);
    if (itsDay !== day) {
      made.push(row(`d${itsDay}`, "day", line, true, dayName(line.at, now)));
      last = null;
    }
    made.push(row(line.key, line.type, line, !continues(last, line)));
    last = line;
    day = itsDay;
  }
  for (const entry of entries) {
    // A command's answer comes at once as a rule, and is all there is to see.
    if (entry.frame.kind === "command" && entry.state === "sent") continue;
    const said = saidLater(entry, nick);
    made.push(row(`o${entry.id}`, "pending", entry, !continues(last, said)));
    last = entry.state === "failed" ? null : said;
  }
  return made;
}

/** @param {Line | null} before @param {Line} line */
function continues(before, line) {
  return (
    before?.type === "say" && line.type === "say" &&
    before.nick === line.nick && before.door === line.door && line.at - before.at < TOGETHER_MS
  );
}

/** What an entry will be when it is in the log. @param {Entry} entry @param {string} nick */
function saidLater(entry, nick) {
  const type = entry.frame.kind === "say" ? "say" : "command";
  return { key: "", type, at: entry.at, own: true, nick, door: "web" };
}

/** @returns {Row} */
function row(
  /** @type {string} */ key, /** @type {string} */ type, /** @type {Line | Entry} */ line,
  /** @type {boolean} */ head, label = "",
) {
  return { key, type, line, head, label };
}
