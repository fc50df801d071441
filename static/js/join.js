// @ts-check
/** The form at the door. Event: `join` (detail: the name). */
import { say } from "./i18n.js";

const KEY = "oneroom.name";

export class Join extends EventTarget {
  #card = /** @type {HTMLElement} */ (document.querySelector("#join"));
  #room = /** @type {HTMLElement} */ (document.querySelector("#room"));
  #name = /** @type {HTMLInputElement} */ (document.querySelector("#name"));
  #error = /** @type {HTMLElement} */ (document.querySelector(".join-error"));
  #button = /** @type {HTMLButtonElement} */ (document.querySelector(".join-card button"));

  /** @param {string} room */
  constructor(room) {
    super();
    const title = document.querySelector(".join-room");
    if (title) title.textContent = `#${room}`;
    this.#name.value = new URLSearchParams(location.search).get("name") ?? remembered();
    document.querySelector(".join-card")?.addEventListener("submit", (event) => this.#submit(event));
  }

  open() {
    this.#card.hidden = false;
    this.#room.hidden = true;
    this.#name.focus();
    this.#name.select();
  }

  /** The room has let us in as `nick`. */
  done(nick) {
    remember(nick);
    this.#busy(false);
    this.#card.hidden = true;
    this.#room.hidden = false;
  }

  /** @param {{code: string, text: string}} error */
  refuse({ code, text }) {
    this.#busy(false);
    const hint = code === "nick_taken" ? ` ${say("join.try", { name: another(this.#name.value) })}` : "";
    this.#error.textContent = say("error", { text, code }) + hint;
    this.#name.setAttribute("aria-invalid", "true");
    this.open();
  }

  #submit(event) {
    event.preventDefault();
    const name = this.#name.value.trim();
    if (!name) return;
    this.#error.textContent = "";
    this.#name.removeAttribute("aria-invalid");
    this.#busy(true);
    this.dispatchEvent(new CustomEvent("join", { detail: name }));
  }

  #busy(busy) {
    this.#button.disabled = busy;
    this.#button.textContent = say(busy ? "join.connecting" : "join.button");
  }
}

/** 小明 -> 小明2 -> 小明3 */
function another(name) {
  const [, stem, number] = /^(.*?)(\d*)$/.exec(name.trim()) ?? ["", name, ""];
  return `${stem}${Number(number || 1) + 1}`;
}

// A browser that keeps nothing (private windows, some settings) throws on touching the storage.
function remembered() {
  try {
    return localStorage.getItem(KEY) ?? "";
  } catch {
    return "";
  }
}

function remember(nick) {
  try {
    localStorage.setItem(KEY, nick);
  } catch {
    // Then it is asked for again.
  }
}
