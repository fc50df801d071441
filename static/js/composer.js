// @ts-check
/**
 * The box in which one writes. Enter sends, Shift+Enter breaks the line; on a touch screen Enter
 * breaks the line, and the button sends.
 *
 * The Enter that ends an input method's composition is not an Enter of ours: `isComposing` tells
 * in most browsers, keyCode 229 in those that send it after the composition has ended.
 */
import { say } from "./i18n.js";

const TYPING_EVERY = 3000; // ms
const COUNT_FROM = 0.8; // of the limit

/** Events: `send` (detail: the text), `typing`. */
export class Composer extends EventTarget {
  #form;
  #text;
  #told = 0;
  #isTouch = matchMedia("(pointer: coarse)");

  constructor() {
    super();
    this.#form = /** @type {HTMLFormElement} */ (document.querySelector(".composer"));
    this.#text = /** @type {HTMLTextAreaElement} */ (document.querySelector("#text"));
    this.#form.addEventListener("submit", (event) => this.#submit(event));
    this.#text.addEventListener("keydown", (event) => this.#key(event));
    this.#text.addEventListener("input", () => this.#changed());
  }

  limit = 4096;

  /** @param {string} room */
  name(room) {
    this.#text.placeholder = say("composer.placeholder", { room });
  }

  /** @param {string} text what could not be sent, unless something else is being written */
  giveBack(text) {
    if (!this.#text.value) this.#text.value = text;
    this.#fit();
  }

  focus() {
    this.#text.focus();
  }

  #key(event) {
    if (event.isComposing || event.keyCode === 229 || event.key !== "Enter") return;
    const always = event.ctrlKey || event.metaKey;
    if (always || !(event.shiftKey || this.#isTouch.matches)) this.#submit(event);
  }

  #submit(event) {
    event.preventDefault();
    const text = this.#text.value.trimEnd();
    if (!text.trim() || this.#left() < 0) return;
    this.#text.value = "";
    this.#told = 0;
    this.#fit();
    this.dispatchEvent(new CustomEvent("send", { detail: text }));
    this.#text.focus();
  }

  #changed() {
    this.#fit();
    const now = Date.now();
    if (!this.#text.value || this.#text.value.startsWith("/") || now - this.#told < TYPING_EVERY) return;
    this.#told = now;
    this.dispatchEvent(new Event("typing"));
  }

  /** As high as what is in it; what is nearly too long is counted. */
  #fit() {
    this.#text.style.height = "auto";
    this.#text.style.height = `${this.#text.scrollHeight}px`;
    const left = this.#left();
    const message = left < 0 ? say("composer.left", { count: left }) : "";
    this.#text.setCustomValidity(message);
    this.#form.dataset.left = left < this.limit * (1 - COUNT_FROM) ? say("composer.left", { count: left }) : "";
  }

  #left() {
    return this.limit - new TextEncoder().encode(this.#text.value).length;
  }
}
