// @ts-check
/**
 * The list of what could come, above the box. The focus stays in the box: Up and Down choose, Tab
 * or Enter take, Escape closes and takes nothing away.
 */

import { byId, el } from "./dom.js";
import { complete } from "./complete.js";

/** @typedef {import("./complete.js").Completion} Completion */

export class Popup {
  #list = byId("completions");
  /** @type {Completion | null} */
  #shown = null;
  #chosen = 0;

  /** @param {HTMLTextAreaElement} box @param {() => import("./complete.js").Known} known */
  constructor(box, known) {
    this.box = box;
    this.known = known;
    this.#list.addEventListener("pointerdown", (/** @type {any} */ event) => {
      event.preventDefault(); // the box keeps the focus
      const nth = [...this.#list.children].indexOf(event.target.closest("li"));
      if (nth >= 0) this.#take(nth);
    });
    box.addEventListener("blur", () => this.close());
  }

  /** The text has changed, or the caret moved. */
  update() {
    const { selectionStart, selectionEnd, value } = this.box;
    const found = selectionStart === selectionEnd
      ? complete(value, selectionStart, this.known()) : null;
    if (!found || isComplete(found, value)) return this.close();
    this.#shown = found;
    this.#chosen = 0;
    this.#list.replaceChildren(...found.candidates.map(option));
    this.#list.hidden = false;
    this.#choose(0);
  }

  close() {
    this.#shown = null;
    this.#list.hidden = true;
    this.box.removeAttribute("aria-activedescendant");
  }

  /** @param {KeyboardEvent} event that no input method has @returns {boolean} whether it was ours */
  press(event) {
    if (!this.#shown || event.ctrlKey || event.metaKey || event.altKey) return false;
    const act = KEYS[event.key];
    if (!act || (event.shiftKey && event.key !== "Tab")) return false;
    event.preventDefault();
    act(this);
    return true;
  }

  /** @param {number} step */
  move(step) {
    const { length } = this.#list.children;
    this.#choose((this.#chosen + step + length) % length);
  }

  take() {
    this.#take(this.#chosen);
  }

  /** @param {number} nth */
  #choose(nth) {
    this.#chosen = nth;
    [...this.#list.children].forEach((one, at) => {
      one.setAttribute("aria-selected", String(at === nth));
    });
    this.#list.children[nth].scrollIntoView({ block: "nearest" });
    this.box.setAttribute("aria-activedescendant", `completion-${nth}`);
  }

  /** @param {number} nth */
  #take(nth) {
    if (!this.#shown) return;
    const { from, to, candidates } = this.#shown;
    // One who types fast may be a letter ahead of what is shown.
    const end = Math.max(to, this.box.selectionStart);
    this.box.setRangeText(candidates[nth].insert, from, end, "end");
    this.box.dispatchEvent(new Event("input"));
    this.close();
  }
}

/** @type {Record<string, (popup: Popup) => void>} */
const KEYS = {
  ArrowUp: (popup) => popup.move(-1),
  ArrowDown: (popup) => popup.move(1),
  Tab: (popup) => popup.take(),
  Enter: (popup) => popup.take(),
  Escape: (popup) => popup.close(),
};

/** Enter is to send what is written out already. @param {Completion} found @param {string} text */
function isComplete({ from, to, candidates }, text) {
  const written = text.slice(from, to);
  return candidates.some(({ insert }) => insert.trim() === written);
}

/** @param {import("./complete.js").Candidate} candidate @param {number} nth */
function option({ label, help }, nth) {
  const about = help ? [el("span.about", {}, help)] : [];
  return el("li", { role: "option", id: `completion-${nth}` }, el("bdi", {}, label), ...about);
}
