// @ts-check
/**
 * The door: one sees and reads the room, and where others write stands a field for the name. In
 * words what was wrong with it. Fires `join` (detail: the name).
 */

import { button, byId, el } from "./dom.js";
import { errorText, list, pieces, t } from "./i18n.js";
import { doorName, name as nameOf } from "./people.js";

export class Join extends EventTarget {
  #section = byId("join");
  #name = byId("name");
  #error = byId("join-error");
  #button = byId("join-form").querySelector("button");
  #touch = matchMedia("(pointer: coarse)");
  #key = "";

  /** @param {string} name to begin with */
  constructor(name) {
    super();
    this.#name.value = name;
    byId("join-form").addEventListener("submit", (/** @type {any} */ event) => this.#submit(event));
    this.#name.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      const composing = event.isComposing || event.keyCode === 229;
      // Safari submits a form by the Enter that ends a composition (see composer.js).
      if (composing && event.key === "Enter") event.preventDefault();
    });
  }

  get isOpen() {
    return !this.#section.hidden;
  }

  /** @param {string} name under which it was tried; empty: not yet */
  open(name) {
    this.#name.value = name || this.#name.value;
    this.#busy(false);
    if (this.isOpen) return;
    this.#section.hidden = false;
    if (this.#touch.matches) return; // its keyboard would hide the room
    this.#name.focus();
    this.#name.select();
  }

  close() {
    this.#section.hidden = true;
    this.#busy(false);
    this.#say();
  }

  /** Who is inside, before one goes in. @param {import("./state.js").State} state */
  show({ room, members, count }) {
    byId("join-room").textContent = t("join.title", { room });
    /** @type {Map<string, number>} */
    const doors = new Map();
    for (const door of members.values()) doors.set(door, (doors.get(door) ?? 0) + 1);
    const by = [...doors].map(([door, n]) => el("span", {}, `${n} ${doorName(door)}`));
    byId("join-here").replaceChildren(...(count
      ? pieces("join.here", { n: count, doors: list(by) }) : [t("join.nobody")]));
  }

  /** In the language that is chosen now. */
  relabel() {
    this.#busy(this.#button.disabled);
    this.#say();
  }

  /** The server's reason for not letting us in. @param {{code: string, text: string}} error */
  refuse(error) {
    this.#busy(false);
    this.#name.setAttribute("aria-invalid", "true");
    if (error.code === "nick_taken") this.#suggest(this.#name.value.trim());
    else this.#say(errorText(error));
    this.#name.focus();
    this.#name.select();
  }

  /** Something else that keeps us out. @param {string} key */
  explain(key) {
    this.#key = key;
    this.#say(t(key));
  }

  /** That is no longer so. @param {string} key */
  takeBack(key) {
    if (this.#key === key) this.#say();
    this.#key = "";
  }

  /** @param {string} name that somebody has */
  #suggest(name) {
    const other = another(name);
    const take = button(t("join.try", { name: other }), () => this.#ask(other));
    this.#say(...pieces("join.taken", { name: nameOf(name) }), " ", take);
  }

  /** @param {Event} event */
  #submit(event) {
    event.preventDefault();
    this.#ask(this.#name.value.trim());
  }

  /** @param {string} name */
  #ask(name) {
    this.#name.value = name;
    this.#name.removeAttribute("aria-invalid");
    this.#say(...(name ? [] : [t("join.empty")]));
    if (!name) return this.#name.focus();
    this.#busy(true);
    this.dispatchEvent(new CustomEvent("join", { detail: name }));
  }

  /** @param {boolean} busy */
  #busy(busy) {
    this.#button.disabled = busy;
    this.#button.textContent = t(busy ? "join.busy" : "join.button");
  }

  /** @param {...(Node | string)} parts */
  #say(...parts) {
    this.#error.replaceChildren(...parts);
  }
}

/** 小明 -> 小明2 -> 小明3. @param {string} name */
function another(name) {
  const [, stem, number] = /^(.*?)(\d{0,9})$/su.exec(name) ?? ["", name, ""];
  return `${stem}${number ? Number(number) + 1 : 2}`;
}
