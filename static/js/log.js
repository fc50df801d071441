// @ts-check
/**
 * The conversation on the page. It is given all rows, and changes only the nodes whose row has
 * changed: a screen reader then reads what is new, and a selection stays.
 *
 * It keeps the reader's place by itself (Safari has no scroll anchoring): at the end it stays at
 * the end, anywhere else the first line in sight stays where it is.
 */

import { byId, icon } from "./dom.js";
import { t } from "./i18n.js";
import { node } from "./lines.js";

/** @typedef {import("./rows.js").Row} Row @typedef {{row: Row, node: HTMLElement}} Shown */

/** A fraction of a zoomed pixel must not count, nor half a line. */
const NEAR_END_PX = 50;
/** What people may have missed: not who came and went, nor our own. */
const COUNTED = ["say", "act", "topic", "dm", "answer"];

export class Log {
  #scroller = byId("scroller");
  #list = byId("log");
  #pill = byId("pill");
  /** @type {Map<string, Shown>} */
  #shown = new Map();
  #atEnd = true;
  #missed = 0;

  /** @param {import("./lines.js").Context} context */
  constructor(context) {
    this.context = context;
    this.#scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.#pill.addEventListener("click", () => this.toEnd());
    const resized = new ResizeObserver(() => this.#atEnd && this.#jump());
    resized.observe(this.#scroller);
    resized.observe(this.#list);
  }

  /** @param {Row[]} rows @param {boolean} live whether it is new, or what was said before */
  show(rows, live) {
    this.#list.setAttribute("aria-busy", String(!live));
    const place = this.#atEnd ? null : this.#place();
    this.#missed += this.#patch(rows);
    byId("empty").hidden = !live || rows.length > 0;
    if (place) this.#scroller.scrollTop += place.node.offsetTop - place.top;
    else this.#jump();
    this.#showPill();
  }

  toEnd() {
    this.#atEnd = true;
    this.#jump();
    this.#scrolled();
  }

  /** @param {Row[]} rows @returns {number} how many are new */
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
      if (!old && COUNTED.includes(row.type) && !("own" in row.line && row.line.own)) added += 1;
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

  /** The first line in sight that will still be there, and where it is. */
  #place() {
    const top = this.#scroller.scrollTop;
    const first = [...this.#list.children].find((li) => li.offsetTop + li.offsetHeight > top);
    return first ? { node: first, top: first.offsetTop } : null;
  }

  #jump() {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    this.#atEnd = scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
    this.#showPill();
  }

  #showPill() {
    if (this.#atEnd) this.#missed = 0;
    this.#pill.hidden = this.#atEnd;
    const label = this.#missed ? t("log.new", { n: this.#missed }) : t("log.end");
    if (this.#pill.textContent !== label) this.#pill.replaceChildren(label, icon("down"));
  }
}

/** @param {Row} a @param {Row} b */
function alike(a, b) {
  if (a.type === "day") return a.label === b.label;
  return a.line === b.line && a.head === b.head && a.type === b.type;
}
