// @ts-check
/**
 * The search in the room's log, which the server does: it has all of it. What was found leads to
 * its place. Loaded when it is first opened.
 */

import { button, byId, el } from "./dom.js";
import { random } from "./frames.js";
import { t } from "./i18n.js";
import { folded } from "./mentions.js";
import { name } from "./people.js";
import { clock, dayName } from "./time.js";

/** @typedef {import("./frames.js").Frame} Frame */

/** Our questions, apart from what is typed as a command. */
const MARK = "search ";
const WAIT_MS = 250;
/** The server reads back only so far at a time; until there are so many we ask on by ourselves. */
const ENOUGH = 20;
const PATIENCE = 25;

export class Search {
  #query = byId("query");
  #results = byId("results");
  #status = byId("search-status");
  #timer = 0;
  #id = "";
  #found = 0;
  #asked = 0;

  /** @param {(frame: Frame) => boolean} send @param {(seq: number) => void} go */
  constructor(send, go) {
    this.send = send;
    this.go = go;
    this.#query.addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#begin(), WAIT_MS);
    });
    byId("search-form").addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      clearTimeout(this.#timer);
      this.#begin();
    });
    this.#begin(); // what was typed while this was loaded
  }

  /** @param {Frame} frame what the server found @returns {boolean} whether we have asked for it */
  receive({ id, events, more, before }) {
    if (!id?.startsWith(MARK)) return false;
    if (id !== this.#id) return true; // of what is no longer looked for
    this.#found += events.length;
    const words = folded(this.#query.value).split(/\s+/).filter(Boolean);
    this.#results.append(...events.map((/** @type {Frame} */ event) => this.#result(event, words)));
    if (more && this.#found < ENOUGH && this.#asked < PATIENCE) this.#ask(before);
    else this.#conclude(more, before);
    return true;
  }

  #begin() {
    this.#results.replaceChildren();
    this.#found = this.#asked = 0;
    this.#id = "";
    this.#status.textContent = "";
    if (this.#query.value.trim()) this.#ask();
  }

  /** @param {number} [before] */
  #ask(before) {
    this.#id = MARK + random(8);
    this.#asked += 1;
    const frame = { kind: "search", text: this.#query.value.trim(), limit: ENOUGH, id: this.#id };
    const sent = this.send(before ? { ...frame, before } : frame);
    this.#status.textContent = t(sent ? "search.busy" : "search.offline");
  }

  /** @param {boolean} more @param {number} before */
  #conclude(more, before) {
    this.#status.textContent = t("search.found", { n: this.#found });
    if (!more) return;
    const further = button(t("search.more"), () => {
      this.#found = this.#asked = 0;
      this.#ask(before);
    });
    this.#status.append(" ", further);
  }

  /** @param {Frame} event @param {string[]} words */
  #result({ seq, nick, at, text }, words) {
    const when = el("time", {}, `${dayName(at, Date.now())} ${clock(at)}`);
    const said = el("span.said", { dir: "auto" }, ...marked(text, words));
    const result = el("button", { type: "button" }, el("span.by", {}, name(nick), when), said);
    result.addEventListener("click", () => this.go(seq));
    return el("li", {}, result);
  }
}

/** The text round the first word, the words marked. @param {string} text @param {string[]} words */
function marked(text, words) {
  const lower = text.toLowerCase();
  const first = Math.min(...words.map((word) => lower.indexOf(word)).filter((at) => at >= 0));
  const from = Number.isFinite(first) ? Math.max(first - 40, 0) : 0;
  const shown = (from ? "…" : "") + text.slice(from, from + 200);
  const pattern = words.map((word) => word.replace(/[^\p{L}\p{N}\s]/gu, "\\$&")).join("|");
  return shown
    .split(new RegExp(`(${pattern})`, "giu"))
    .map((part, nth) => (nth % 2 ? el("mark", {}, part) : part));
}
