// @ts-check
/**
 * The conversation on the page. It is given all rows, and changes only the nodes whose row has
 * changed: a screen reader then reads what is new, and a selection stays.
 *
 * It keeps the reader's place by itself (Safari has no scroll anchoring): at the end it stays at
 * the end, anywhere else the first line in sight stays where it is.
 *
 * Fires `reading` (detail: whether the end is out of sight), `older` and `newer` (there is no more
 * to scroll to on that side), `end` (the person wants to be at the newest).
 */

import { byId, icon } from "./dom.js";
import { t } from "./i18n.js";
import { node } from "./lines.js";
import { Voice } from "./voice.js";

/**
 * @typedef {import("./rows.js").Row} Row
 * @typedef {{row: Row, node: HTMLElement}} Shown
 * @typedef {{live: boolean, older: boolean, newest: boolean, missed: number, first: number,
 *   room: string}} Situation  `first`: the lowest seq that is shown; 0: of another log
 */

/** A fraction of a zoomed pixel must not count, nor half a line. */
const NEAR_END_PX = 50;
/** The next page is asked for before its lack is seen. */
const AHEAD_PX = 300;
/** What is read out. */
const SPOKEN = ["say", "act", "topic", "dm", "answer", "gap"];

export class Log extends EventTarget {
  #scroller = byId("scroller");
  #list = byId("log");
  #older = byId("older");
  #newer = byId("newer");
  #pill = byId("pill");
  #voice = new Voice(this.#list);
  /** @type {Map<string, Shown>} */
  #shown = new Map();
  #newest = true;
  #live = false;
  #atEnd = true;
  #room = "";

  /** @param {import("./lines.js").Context} context */
  constructor(context) {
    super();
    this.context = context;
    this.#scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.#scroller.addEventListener("keydown", (/** @type {any} */ event) => this.#pressed(event));
    this.#pill.addEventListener("click", () => this.#fire("end"));
    this.#watch(this.#older, "older");
    this.#watch(this.#newer, "newer");
    const resized = new ResizeObserver(() => this.#atEnd && this.#jump());
    resized.observe(this.#scroller);
    resized.observe(this.#list);
  }

  /** @param {Row[]} rows @param {Situation} situation */
  show(rows, situation) {
    const { live, newest, older, room } = situation;
    this.#list.setAttribute("aria-busy", String(!live));
    if (room !== this.#room) this.#atEnd = true;
    this.#room = room;
    this.#newest = newest;
    this.#live = live;
    if (!newest) this.#atEnd = false;
    const place = this.#atEnd ? null : this.#place();
    this.#voice.hears(this.#patch(rows), live && newest && this.#shown.size > 0);
    this.#older.hidden = !older;
    this.#newer.hidden = newest;
    this.#showEnds(rows.length, situation);
    if (place) this.#scroller.scrollTop += place.node.offsetTop - place.top;
    else this.#jump();
    this.#showPill(situation.missed);
  }

  /** All strings anew: the language is another one, or the clock. */
  redraw() {
    this.#shown.clear();
    this.#list.replaceChildren();
  }

  toEnd() {
    this.#atEnd = this.#newest = true;
    this.#jump();
  }

  /** Shows the line with that key in the middle, and points at it. @param {string} key */
  point(key) {
    const line = this.#shown.get(key)?.node;
    if (!line) return;
    this.#atEnd = false;
    line.scrollIntoView({ block: "center" });
    line.focus({ preventScroll: true });
    line.classList.remove("pointed");
    requestAnimationFrame(() => line.classList.add("pointed"));
  }

  /** The nodes that a selection touches, with their rows. @param {Selection} selection */
  selected(selection) {
    return [...this.#shown.values()].filter(({ node }) => selection.containsNode(node, true));
  }

  /** @param {Row[]} rows @returns {number} how many are new, and read out */
  #patch(rows) {
    const before = this.#shown;
    this.#shown = new Map();
    let added = 0;
    let next = this.#list.firstElementChild;
    const wanted = new Set(rows.map((row) => row.key));
    for (const [key, { node }] of before) {
      if (wanted.has(key)) continue;
      if (next === node) next = node.nextElementSibling;
      node.remove();
    }
    for (const row of rows) {
      const old = before.get(row.key);
      const shown = old && alike(old.row, row) ? old : { row, node: node(row, this.context) };
      if (!old && SPOKEN.includes(row.type) && !("own" in row.line && row.line.own)) added += 1;
      if (old && old !== shown) {
        if (next === old.node) next = shown.node;
        old.node.replaceWith(shown.node);
      }
      if (next === shown.node) next = next.nextElementSibling;
      else this.#list.insertBefore(shown.node, next);
      this.#shown.set(row.key, shown);
    }
    return added;
  }

  /** @param {number} count @param {Situation} situation */
  #showEnds(count, { live, older, first, room }) {
    const beginning = byId("beginning");
    byId("empty").hidden = !live || count > 0;
    beginning.hidden = older || !live || count === 0 || first === 0;
    const key = first > 1 ? "line.gap.trimmed" : "log.beginning";
    beginning.textContent = t(key, { room, from: 1, to: first - 1 });
  }

  /** The first line in sight that will still be there, and where it is. */
  #place() {
    const top = this.#scroller.scrollTop;
    const first = [...this.#list.children].find((line) => line.offsetTop + line.offsetHeight > top);
    return first ? { node: first, top: first.offsetTop } : null;
  }

  #jump() {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    const atEnd = this.#newest && scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
    if (atEnd !== this.#atEnd) this.#fire("reading", !atEnd);
    this.#atEnd = atEnd;
  }

  /** @param {number} missed */
  #showPill(missed) {
    this.#pill.hidden = this.#atEnd;
    const label = missed ? t("log.new", { n: missed }) : t("log.end");
    if (this.#pill.textContent !== label) this.#pill.replaceChildren(label, icon("down"));
  }

  /** Scrolling does what the button does, which is there for keyboards. */
  #watch(/** @type {HTMLElement} */ button, /** @type {string} */ what) {
    button.addEventListener("click", () => this.#fire(what));
    const seen = (/** @type {IntersectionObserverEntry[]} */ entries) =>
      this.#live && entries.some((entry) => entry.isIntersecting) && this.#fire(what);
    const options = { root: this.#scroller, rootMargin: `${AHEAD_PX}px 0px` };
    const observer = new IntersectionObserver(seen, options);
    observer.observe(button);
    // A page that is shorter than the screen leaves the button in sight, which is no news to it.
    new MutationObserver(() => {
      observer.unobserve(button);
      observer.observe(button);
    }).observe(this.#list, { childList: true });
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    const lines = [...this.#list.children];
    const now = lines.findIndex((line) => line.contains(document.activeElement));
    if (event.target !== this.#scroller && lines[now] !== event.target) return;
    if (event.key === "End") return this.#fire("end");
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const start = now < 0 ? this.#lastInSight(lines) + 1 : now;
    lines[Math.min(Math.max(start + step, 0), lines.length - 1)]?.focus();
  }

  /** @param {HTMLElement[]} lines */
  #lastInSight(lines) {
    const bottom = this.#scroller.scrollTop + this.#scroller.clientHeight;
    return lines.findLastIndex((line) => line.offsetTop < bottom);
  }

  /** @param {string} what @param {unknown} [detail] */
  #fire(what, detail) {
    this.dispatchEvent(new CustomEvent(what, { detail }));
  }
}

/** @param {Row} a @param {Row} b */
function alike(a, b) {
  if (a.label !== b.label || a.type !== b.type || a.head !== b.head) return false;
  return a.label !== "" || a.line === b.line || a.type === "unread";
}
