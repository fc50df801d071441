// @ts-check
/**
 * What is read out. The log is a live region: what is added to it is spoken. A burst would keep a
 * screen reader talking for minutes, so the log falls silent then and the number is said instead;
 * and what was said long ago, paged in, is not news.
 */

import { byId } from "./dom.js";
import { t } from "./i18n.js";

const BURST = 5;
const WITHIN_MS = 2_000;

export class Voice {
  #log;
  #count = 0;
  #timer = 0;

  /** @param {HTMLElement} log */
  constructor(log) {
    this.#log = log;
  }

  /** @param {number} lines that were added just now @param {boolean} areNews */
  hears(lines, areNews) {
    if (!lines) return;
    if (!areNews) this.#hush();
    this.#count += areNews ? lines : 0;
    this.#timer ||= setTimeout(() => this.#conclude(), WITHIN_MS);
    if (this.#count > BURST) this.#hush();
  }

  #conclude() {
    byId("said").textContent = this.#count > BURST ? t("log.new", { n: this.#count }) : "";
    this.#log.ariaLive = "polite";
    this.#timer = this.#count = 0;
  }

  #hush() {
    this.#log.ariaLive = "off";
  }
}
