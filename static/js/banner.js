// @ts-check
/** The line that says the connection is lost, once that has lasted long enough to matter. */
import { say } from "./i18n.js";

const AFTER = 5000; // ms: most losses are over before anybody has noticed

/** Event: `retry`. */
export class Banner extends EventTarget {
  #line = /** @type {HTMLElement} */ (document.querySelector(".banner"));
  #text = /** @type {HTMLElement} */ (document.querySelector(".banner-text"));
  #timer = 0;
  #due = 0;

  constructor() {
    super();
    this.#line.querySelector("button")?.addEventListener("click", () => this.dispatchEvent(new Event("retry")));
  }

  /** @param {{attempt: number, seconds: number}} wait */
  waiting({ attempt, seconds }) {
    this.#text.textContent = say(seconds ? "banner.waiting" : "banner.trying", { attempt, seconds });
    if (!this.#due) this.#due = setTimeout(() => (this.#line.hidden = false), AFTER);
    clearInterval(this.#timer);
    if (seconds) this.#timer = setInterval(() => this.#count(attempt, (seconds -= 1)), 1000);
  }

  replaced() {
    this.#text.textContent = say("banner.replaced");
    this.#line.hidden = false;
  }

  hide() {
    clearTimeout(this.#due);
    clearInterval(this.#timer);
    this.#due = 0;
    this.#line.hidden = true;
  }

  #count(attempt, seconds) {
    if (seconds <= 0) clearInterval(this.#timer);
    else this.#text.textContent = say("banner.waiting", { attempt, seconds });
  }
}
