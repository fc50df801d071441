// @ts-check
/**
 * The box one writes in. Enter sends, Shift+Enter breaks the line; on a touch screen, where there
 * is no Shift to hold, Enter breaks the line and the button sends.
 *
 * Enter that ends an input method's composition is not ours. `isComposing` says so in most
 * browsers; Safari and input methods of macOS send it after the composition, as keyCode 229.
 *
 * Fires `send` (detail: the text) and `typing`.
 */

import { byId } from "./dom.js";
import { t } from "./i18n.js";

const TYPING_EVERY_MS = 3_000;
/** The count is shown from here on. */
const NEARLY_FULL = 0.8;

export class Composer extends EventTarget {
  #box = byId("text");
  #left = byId("left");
  #touch = matchMedia("(pointer: coarse)");
  #told = 0;

  /** @param {{load: () => string, save: (draft: string) => void}} draft */
  constructor(draft) {
    super();
    this.limit = 4096;
    this.draft = draft;
    this.#box.value = draft.load();
    this.#box.addEventListener("keydown", (/** @type {any} */ event) => this.#pressed(event));
    this.#box.addEventListener("input", () => this.#changed());
    byId("composer").addEventListener("submit", (/** @type {any} */ event) => this.#submit(event));
    this.#fit();
  }

  /** @param {string} room @param {number} limit bytes of a message */
  enter(room, limit) {
    this.limit = limit;
    this.#box.placeholder = t("composer.placeholder", { room });
    this.#box.enterKeyHint = this.#touch.matches ? "enter" : "send";
    this.#fit();
    this.focus();
  }

  /** Not on a phone: its keyboard would hide the room. */
  focus() {
    if (!this.#touch.matches) this.#box.focus();
  }

  /** Puts a text back to be changed; what is being written stays. @param {string} text */
  edit(text) {
    this.#box.value = [text, this.#box.value].filter(Boolean).join("\n");
    this.#fit();
    this.#box.focus();
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    if (event.isComposing || event.keyCode === 229 || event.key !== "Enter") return;
    const always = event.ctrlKey || event.metaKey;
    if (always || !(event.shiftKey || this.#touch.matches)) this.#submit(event);
  }

  /** @param {Event} event */
  #submit(event) {
    event.preventDefault();
    const text = this.#box.value.trimEnd();
    if (!text.trim() || bytes(text) > this.limit) return;
    this.#box.value = "";
    this.#told = 0;
    this.#fit();
    this.#box.focus();
    this.dispatchEvent(new CustomEvent("send", { detail: text }));
  }

  #changed() {
    this.#fit();
    const text = this.#box.value;
    const now = Date.now();
    if (!text || /^[/／]/.test(text) || now - this.#told < TYPING_EVERY_MS) return;
    this.#told = now;
    this.dispatchEvent(new Event("typing"));
  }

  /** As high as its text; what is nearly too long is counted. */
  #fit() {
    const box = this.#box;
    this.draft.save(box.value);
    box.style.height = "auto";
    box.style.height = `${box.scrollHeight}px`;
    const left = this.limit - bytes(box.value.trimEnd());
    this.#left.hidden = left > this.limit * (1 - NEARLY_FULL);
    this.#left.classList.toggle("over", left < 0);
    this.#left.textContent = t(left < 0 ? "composer.over" : "composer.left", { n: Math.abs(left) });
    byId("composer").classList.toggle("ready", box.value.trim() !== "" && left >= 0);
  }
}

const encoder = new TextEncoder();

/** The server counts bytes: a Chinese letter is three. @param {string} text */
function bytes(text) {
  return encoder.encode(text).length;
}
