// @ts-check
/**
 * What stands beside the conversation: who is here, and in its place the search, the other ways in
 * or the settings. A column where there is room, else a drawer over the conversation: what lies
 * under an open drawer, and a drawer that is shut, cannot be reached.
 *
 * Fires `open` (detail: the panel's name).
 */

import { byId } from "./dom.js";

const FIRST = "members";

export class Side extends EventTarget {
  #aside = byId("side");
  #narrow = matchMedia("(max-width: 51.99rem)"); // as side.css has it
  #panel = FIRST;
  #open = false;

  /** @param {(panel: string) => string} title */
  constructor(title) {
    super();
    this.title = title;
    for (const opener of this.#openers) {
      opener.addEventListener("click", () => this.#toggle(String(opener.dataset.panel)));
    }
    byId("side-close").addEventListener("click", () => this.close());
    byId("scrim").addEventListener("click", () => this.close());
    this.#aside.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Escape" && !event.isComposing && this.#isClosable) this.close();
    });
    this.#narrow.addEventListener("change", () => this.#place());
    this.#place();
  }

  /** @param {string} panel */
  open(panel) {
    this.#panel = panel;
    this.#open = true;
    this.#place();
    this.dispatchEvent(new CustomEvent("open", { detail: panel }));
    const first = byId(panel).querySelector("input:not([hidden]), select");
    (first ?? byId("side-title")).focus();
  }

  close() {
    if (!this.#isClosable) return;
    const opener = this.#openers.find(({ dataset }) => dataset.panel === this.#panel);
    this.#panel = FIRST;
    this.#open = false;
    this.#place();
    opener?.focus();
  }

  /** Out of the way of what it has led to. */
  yield() {
    if (this.#narrow.matches) this.close();
  }

  relabel() {
    byId("side-title").textContent = this.title(this.#panel);
  }

  get #isClosable() {
    return this.#open && (this.#narrow.matches || this.#panel !== FIRST);
  }

  /** @returns {HTMLElement[]} */
  get #openers() {
    return Array.from(document.querySelectorAll("button[data-panel]"), (one) => /** @type {any} */ (one));
  }

  /** @param {string} panel */
  #toggle(panel) {
    if (this.#open && this.#panel === panel && this.#isClosable) this.close();
    else this.open(panel);
  }

  #place() {
    const isDrawer = this.#narrow.matches;
    const isOver = isDrawer && this.#open;
    for (const panel of byId("panels").children) panel.hidden = panel.id !== this.#panel;
    this.#aside.classList.toggle("open", this.#open);
    this.#aside.inert = isDrawer && !this.#open;
    document.querySelector("main")?.toggleAttribute("inert", isOver);
    byId("scrim").hidden = !isOver;
    byId("side-close").hidden = !this.#isClosable;
    for (const opener of this.#openers) {
      const isShown = opener.dataset.panel === this.#panel && this.#open;
      opener.setAttribute("aria-expanded", String(isShown));
    }
    this.relabel();
  }
}
