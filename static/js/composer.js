// @ts-check
/**
 * The box one writes in. Enter sends, Shift+Enter breaks the line, or as it was chosen; Ctrl+Enter
 * always sends. On a touch screen, where there is no Shift to hold, Enter breaks the line and the
 * button sends.
 *
 * Enter that ends an input method's composition is not ours, nor is any other key of it.
 * `isComposing` says so in most browsers; Safari and input methods of macOS send it after the
 * composition, as keyCode 229.
 *
 * Fires `send` (detail: the text) and `typing`.
 */

import { byId } from "./dom.js";
import { t } from "./i18n.js";

const TYPING_EVERY_MS = 3_000;
/** Behind one of these something can come. */
const MARKS = /[/／@＠:：]/;
/** The count is shown from here on. */
const NEARLY_FULL = 0.8;

export class Composer extends EventTarget {
  #box = byId("text");
  #left = byId("left");
  #touch = matchMedia("(pointer: coarse)");
  /** @type {import("./popup.js").Popup | null} */
  #popup = null;
  #limit = 4096;
  #room = "";
  #told = 0;
  #last = "";

  /**
   * @param {{load: () => string, save: (draft: string) => void}} draft
   * @param {import("./settings.js").Settings} settings
   * @param {() => import("./complete.js").Known} known
   */
  constructor(draft, settings, known) {
    super();
    this.draft = draft;
    this.settings = settings;
    this.known = known;
    this.#box.value = draft.load();
    this.#box.addEventListener("keydown", (/** @type {any} */ event) => this.#pressed(event));
    this.#box.addEventListener("input", () => this.#changed());
    byId("composer").addEventListener("submit", (/** @type {any} */ event) => this.#submit(event));
  }

  /** @param {string} room @param {number} limit bytes of a message */
  enter(room, limit) {
    this.#limit = limit;
    this.#room = room;
    this.relabel();
    this.#fit();
  }

  /** In the language, and with the keys, that are chosen now. */
  relabel() {
    this.#box.placeholder = t("composer.placeholder", { room: this.#room });
    this.#box.enterKeyHint = this.#enterSends ? "send" : "enter";
    byId("composer-hint").textContent = t(`composer.hint.${this.settings.now.enter}`);
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

  /** Speaks to somebody, at the caret. @param {string} nick */
  address(nick) {
    const { selectionStart, selectionEnd, value } = this.#box;
    const gap = /\S$/.test(value.slice(0, selectionStart)) ? " " : "";
    this.#box.setRangeText(`${gap}@${nick} `, selectionStart, selectionEnd, "end");
    this.#fit();
    this.#box.focus();
  }

  /** What could come has changed. */
  async suggest() {
    if (!this.#popup && !MARKS.test(this.#box.value)) return;
    const { Popup } = await import("./popup.js"); // not everybody wants it, and nobody at once
    this.#popup ??= new Popup(this.#box, this.known);
    this.#popup.update();
  }

  get #enterSends() {
    return this.settings.now.enter === "send" && !this.#touch.matches;
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    if (event.isComposing || event.keyCode === 229 || this.#popup?.press(event)) return;
    if (event.key === "ArrowUp" && !this.#box.value && this.#last) {
      event.preventDefault();
      this.edit(this.#last);
    }
    if (event.key !== "Enter") return;
    const always = event.ctrlKey || event.metaKey;
    if (always || (this.#enterSends && !event.shiftKey)) this.#submit(event);
  }

  /** @param {Event} event */
  #submit(event) {
    event.preventDefault();
    const text = this.#box.value.trimEnd();
    if (!text.trim() || bytes(text) > this.#limit) return;
    this.#box.value = "";
    this.#last = text;
    this.#told = 0;
    this.#fit();
    this.#popup?.close();
    this.#box.focus();
    this.dispatchEvent(new CustomEvent("send", { detail: text }));
  }

  #changed() {
    this.#fit();
    this.suggest();
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
    const left = this.#limit - bytes(box.value.trimEnd());
    this.#left.hidden = left > this.#limit * (1 - NEARLY_FULL);
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
