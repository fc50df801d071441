// @ts-check
/** Who is here, by door. A click speaks to somebody. Fires `address` (detail: the nick). */

import { byId, el } from "./dom.js";
import { language, t } from "./i18n.js";
import { folded } from "./mentions.js";
import { doorIcon, doorName, monogram, name } from "./people.js";

/** @typedef {import("./state.js").State} State */

/** Of one door. Nobody reads more, and drawing thousands each second would stop the page. */
const SHOWN = 200;
/** More than these are looked for, not at. */
const MANY = 20;

export class Members extends EventTarget {
  #doors = byId("doors");
  #filter = byId("filter");
  /** @type {State | null} */
  #shown = null;

  constructor() {
    super();
    this.#filter.addEventListener("input", () => this.#draw());
    this.#doors.addEventListener("click", (/** @type {any} */ event) => {
      const detail = event.target.closest("button[data-nick]")?.dataset.nick;
      if (detail) this.dispatchEvent(new CustomEvent("address", { detail }));
    });
  }

  /** @param {State} state */
  show(state) {
    const before = this.#shown;
    this.#shown = state;
    const same = before?.members === state.members && before.count === state.count;
    if (same && before.nick === state.nick && before.phase === state.phase) return;
    byId("here-count").textContent = String(state.count);
    byId("members-open").setAttribute("aria-label", t("members.open", { n: state.count }));
    this.#filter.hidden = state.members.size <= MANY;
    if (this.#filter.hidden) this.#filter.value = "";
    this.#draw();
  }

  get title() {
    return t("members.title", { n: this.#shown?.count ?? 0 });
  }

  relabel() {
    const shown = this.#shown;
    this.#shown = null;
    if (shown) this.show(shown);
  }

  get #order() {
    return new Intl.Collator(language, { numeric: true, sensitivity: "base" });
  }

  #draw() {
    const state = this.#shown;
    if (!state) return;
    const wanted = folded(this.#filter.value.trim());
    const hidden = wanted ? 0 : state.count - state.members.size;
    this.#doors.replaceChildren(...this.#grouped(state, wanted), ...more(hidden));
  }

  /** @param {State} state @param {string} wanted */
  #grouped({ members, nick, phase }, wanted) {
    /** @type {Map<string, string[]>} */
    const doors = new Map();
    for (const [who, door] of members) {
      if (!folded(who).includes(wanted)) continue;
      const beside = doors.get(door);
      if (beside) beside.push(who);
      else doors.set(door, [who]);
    }
    const sorted = [...doors].sort(([a], [b]) => rank(a) - rank(b) || a.localeCompare(b));
    const own = phase === "room" ? nick : "";
    return sorted.map(([door, nicks]) => this.#door(door, nicks, own, phase === "room"));
  }

  /** @param {string} door @param {string[]} nicks @param {string} own @param {boolean} inside */
  #door(door, nicks, own, inside) {
    const isOwn = (/** @type {string} */ nick) => Number(nick === own);
    const order = this.#order;
    const sorted = nicks.toSorted((a, b) => isOwn(b) - isOwn(a) || order.compare(a, b));
    const count = el("span.count", {}, String(nicks.length));
    const title = el("h3", {}, doorIcon(door), doorName(door), count);
    const rows = sorted.slice(0, SHOWN).map((nick) => member(nick, nick === own, inside));
    return el("section", {}, title, el("ul", {}, ...rows), ...more(nicks.length - SHOWN));
  }
}

/** @param {number} hidden */
function more(hidden) {
  return hidden > 0 ? [el("p.more", {}, t("members.more", { n: hidden }))] : [];
}

/** @param {string} nick @param {boolean} own @param {boolean} inside */
function member(nick, own, inside) {
  if (own) return el("li", {}, monogram(nick), name(nick), el("span.you", {}, t("own")));
  if (!inside) return el("li", {}, monogram(nick), name(nick));
  const about = { type: "button", "data-nick": nick, title: t("members.address", { nick }) };
  return el("li", {}, el("button", about, monogram(nick), name(nick)));
}

/** The browser's door first, others as they are called. @param {string} door */
function rank(door) {
  return ["web", "tcp"].indexOf(door) + 1 || 9;
}
