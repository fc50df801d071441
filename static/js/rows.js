// @ts-check
/**
 * From lines to what stands in the log: days between them, an author's messages together, comings
 * and goings folded, where one had stopped reading, and at the end what is on its way. Pure.
 */

import { fold } from "./presence.js";
import { looseInSight } from "./state.js";
import { dayKey, dayName } from "./time.js";

/**
 * @typedef {import("./state.js").State} State
 * @typedef {import("./state.js").Line} Line
 * @typedef {import("./outbox.js").Entry} Entry
 * @typedef {"fold" | "show" | "hide"} Joins
 * @typedef {{key: string, type: string, line: Line | Entry, head: boolean, label: string}} Row
 *   Two rows that are alike in `line`, `head` and `label` look alike. Of a row that is made of
 *   several lines, `label` tells of which.
 */

const TOGETHER_MS = 5 * 60_000;

/**
 * @param {State} state
 * @param {readonly Entry[]} entries
 * @param {number} now
 * @param {Joins} joins
 * @returns {Row[]}
 */
export function rows(state, entries, now, joins) {
  /** @type {Row[]} */
  const made = [];
  /** @type {Line | null} */
  let last = null;
  let day = "";
  for (const line of folded(merged(state), joins)) {
    const itsDay = line.at ? dayKey(line.at) : day;
    if (itsDay !== day) {
      made.push(row(`d${itsDay}`, "day", line, true, dayName(line.at, now)));
      last = null;
    }
    if (line.seq && line.seq === state.divider) {
      made.push(row(`u${line.seq}`, "unread", line, true));
      last = null;
    }
    made.push(row(line.key, line.type, line, !continues(last, line), line.parts ?? ""));
    last = line;
    day = itsDay;
  }
  if (state.newest) made.push(...pending(entries, state.nick, last));
  return made;
}

/** @param {readonly Entry[]} entries @param {string} nick @param {Line | null} last */
function pending(entries, nick, last) {
  const made = [];
  for (const entry of entries) {
    // A command's answer comes at once as a rule, and is all there is to see.
    if (entry.frame.kind === "command" && entry.state === "sent") continue;
    const said = saidLater(entry, nick);
    made.push(row(`o${entry.id}`, "pending", entry, !continues(last, said)));
    last = entry.state === "failed" ? null : said;
  }
  return made;
}

/** The window and what stands loose in it, in order. @param {State} state */
function merged(state) {
  const loose = looseInSight(state);
  /** @type {Line[]} */
  const lines = [...state.past];
  let next = 0;
  for (const line of state.log) {
    while (next < loose.length && loose[next].after < line.seq) lines.push(loose[next++]);
    lines.push(line);
  }
  lines.push(...loose.slice(next));
  return lines;
}

/** @param {Line[]} lines @param {Joins} joins @returns {Line[]} */
function folded(lines, joins) {
  if (joins === "show") return lines;
  /** @type {Line[]} */
  const kept = [];
  for (const line of lines) {
    if (line.type !== "presence") kept.push(line);
    else if (joins === "fold") foldInto(kept, line);
  }
  return kept;
}

/** @param {Line[]} kept @param {Line} line */
function foldInto(kept, line) {
  const last = kept.at(-1);
  if (last?.type !== "presence") {
    kept.push({ ...line, parts: line.key });
    return;
  }
  const both = fold(/** @type {any} */ (last), /** @type {any} */ (line));
  kept.pop();
  if (both) kept.push({ .../** @type {any} */ (both), parts: `${last.parts} ${line.key}` });
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
