// @ts-check
/**
 * What is to be said of the connection. A short break is nobody's business: the line comes back
 * and nothing is lost, so for five seconds nothing is said. Fires `retry`.
 */

import { button, byId, el } from "./dom.js";
import { t } from "./i18n.js";

/** @typedef {import("./connection.js").Status} Status */

const PATIENCE_MS = 5_000;

export class Banner extends EventTarget {
  #node = byId("banner");
  #since = 0;
  #timer = 0;

  /** @param {Status} status of a line that is not good */
  show(status) {
    this.#since ||= Date.now();
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#tick(status), 1000);
    this.#tick(status);
  }

  /** All is well. */
  hide() {
    clearInterval(this.#timer);
    this.#since = 0;
    this.#node.hidden = true;
    this.#node.replaceChildren();
  }

  /** @param {Status} status */
  #tick({ phase, attempt, until }) {
    if (Date.now() - this.#since < PATIENCE_MS) return;
    const seconds = Math.max(Math.ceil((until - Date.now()) / 1000), 0);
    const detail = phase === "waiting" && seconds
      ? t("banner.attempt", { attempt: attempt + 1, seconds })
      : t("banner.trying", { attempt });
    const count = this.#node.querySelector(".countdown");
    if (count) count.textContent = detail;
    else this.#say([t("banner.waiting"), countdown(detail)], "banner.now");
  }

  /** @param {(Node | string)[]} parts @param {string} label of the button */
  #say(parts, label) {
    const retry = button(t(label), () => this.dispatchEvent(new Event("retry")));
    this.#node.replaceChildren(el("span", {}, ...parts), retry);
    this.#node.hidden = false;
  }
}

/** Not read out: each second a number would drown the room. @param {string} detail */
function countdown(detail) {
  return el("span.countdown", { "aria-hidden": "true" }, detail);
}
