// @ts-check
/** Who is writing just now. */
import { list, sayCount } from "./i18n.js";

const LASTS = 6000; // ms after the last sign of it
const MOST_NAMES = 3;

export class Typing {
  #line = /** @type {HTMLElement} */ (document.querySelector(".typing"));
  /** @type {Map<string, number>} */
  #timers = new Map();

  /** @param {string} nick */
  add(nick) {
    clearTimeout(this.#timers.get(nick));
    this.#timers.set(nick, setTimeout(() => this.remove(nick), LASTS));
    this.#show();
  }

  /** @param {string} nick */
  remove(nick) {
    clearTimeout(this.#timers.get(nick));
    if (this.#timers.delete(nick)) this.#show();
  }

  #show() {
    const names = [...this.#timers.keys()].slice(0, MOST_NAMES);
    this.#line.textContent = names.length ? sayCount("typing", this.#timers.size, { names: list(names) }) : "";
  }
}
