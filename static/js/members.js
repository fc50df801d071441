// @ts-check
/**
 * Who is here, by door. Beside the conversation where there is room, else a drawer over it: what
 * lies under an open drawer, and a drawer that is shut, cannot be reached.
 */

import { byId, el } from "./dom.js";
import { language, t } from "./i18n.js";
import { doorIcon, doorName, monogram, name } from "./people.js";

/** @typedef {import("./state.js").State} State */

/** Of one door. Nobody reads more, and drawing thousands each second would stop the page. */
const SHOWN = 200;

export class Members {
  #aside = byId("members");
  #opener = byId("members-open");
  #narrow = matchMedia("(max-width: 51.99rem)"); // as members.css has it
  #order = new Intl.Collator(language, { numeric: true, sensitivity: "base" });
  /** @type {State | null} */
  #shown = null;
  #open = false;

  constructor() {
    this.#opener.addEventListener("click", () => this.#toggle(true));
    byId("members-close").addEventListener("click", () => this.#toggle(false));
    byId("scrim").addEventListener("click", () => this.#toggle(false));
    this.#aside.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Escape" && this.#open) this.#toggle(false);
    });
    this.#narrow.addEventListener("change", () => this.#place());
    this.#place();
  }

  /** @param {State} state */
  show(state) {
    const before = this.#shown;
    this.#shown = state;
    const same = before?.members === state.members && before.count === state.count;
    if (same && before.nick === state.nick) return;
    byId("members-title").textContent = t("members.title", { n: state.count });
    byId("here-count").textContent = String(state.count);
    this.#opener.setAttribute("aria-label", t("members.open", { n: state.count }));
    byId("doors").replaceChildren(...this.#doors(state), ...more(state.count - state.members.size));
  }

  /** How to come in without a browser. @param {number} port 0: not open */
  showTerminal(port) {
    const host = location.hostname.replace(/^\[|\]$/g, ""); // nc takes an IPv6 address bare
    const line = el("code", {}, `nc ${host} ${port}`);
    const foot = byId("terminal");
    foot.hidden = !port;
    foot.replaceChildren(el("span", {}, doorIcon("tcp"), t("members.terminal")), line);
  }

  /** @param {State} state */
  #doors({ members, nick }) {
    /** @type {Map<string, string[]>} */
    const doors = new Map();
    for (const [who, door] of members) {
      const beside = doors.get(door);
      if (beside) beside.push(who);
      else doors.set(door, [who]);
    }
    const sorted = [...doors].sort(([a], [b]) => rank(a) - rank(b) || this.#order.compare(a, b));
    return sorted.map(([door, nicks]) => this.#door(door, nicks, nick));
  }

  /** @param {string} door @param {string[]} nicks @param {string} own */
  #door(door, nicks, own) {
    const isOwn = (/** @type {string} */ nick) => Number(nick === own);
    const sorted = nicks.toSorted((a, b) => isOwn(b) - isOwn(a) || this.#order.compare(a, b));
    const count = el("span.count", {}, String(nicks.length));
    const title = el("h3", {}, doorIcon(door), doorName(door), count);
    const rows = sorted.slice(0, SHOWN).map((nick) => member(nick, nick === own));
    return el("section", {}, title, el("ul", {}, ...rows), ...more(nicks.length - SHOWN));
  }

  /** @param {boolean} open */
  #toggle(open) {
    this.#open = open;
    this.#place();
    if (open) byId("members-close").focus();
    else this.#opener.focus();
  }

  #place() {
    if (!this.#narrow.matches) this.#open = false;
    const drawer = this.#narrow.matches;
    this.#aside.classList.toggle("open", this.#open);
    this.#aside.inert = drawer && !this.#open;
    document.querySelector("main")?.toggleAttribute("inert", this.#open);
    byId("scrim").hidden = !this.#open;
    this.#opener.setAttribute("aria-expanded", String(this.#open));
  }
}

/** @param {number} hidden */
function more(hidden) {
  return hidden > 0 ? [el("p.more", {}, t("members.more", { n: hidden }))] : [];
}

/** @param {string} nick @param {boolean} own */
function member(nick, own) {
  const you = own ? [el("span.you", {}, t("own"))] : [];
  return el("li", {}, monogram(nick), name(nick), ...you);
}

/** The browser's door first, others as they are called. @param {string} door */
function rank(door) {
  return ["web", "tcp"].indexOf(door) + 1 || 9;
}
