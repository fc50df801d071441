// @ts-check
/** What a person has chosen, in this browser, for all its tabs. Fires `change`. Knows no page. */

import { settings as store } from "./storage.js";

/**
 * @typedef {{language: "auto" | "en" | "zh", theme: "auto" | "light" | "dark",
 *   enter: "send" | "break", clock: "24" | "12", joins: "fold" | "show" | "hide",
 *   sound: "off" | "on", notify: "off" | "on"}} Choices
 */

/** Of each the first is what holds until it is chosen otherwise. */
export const CHOICES = {
  language: ["auto", "en", "zh"],
  theme: ["auto", "light", "dark"],
  enter: ["send", "break"],
  clock: ["24", "12"],
  joins: ["fold", "show", "hide"],
  sound: ["off", "on"],
  notify: ["off", "on"],
};

export class Settings extends EventTarget {
  /** @type {Choices} */
  #now = sound(store.load());

  constructor() {
    super();
    store.watch((chosen) => this.#take(sound(chosen)));
  }

  get now() {
    return this.#now;
  }

  /** @param {string} name @param {string} value */
  choose(name, value) {
    this.#take(sound({ ...this.#now, [name]: value }));
    store.save(this.#now);
  }

  /** @param {Choices} chosen */
  #take(chosen) {
    this.#now = chosen;
    this.dispatchEvent(new Event("change"));
  }
}

/** Whatever an older page, or a hand, has left in the store. @param {any} chosen @returns {Choices} */
function sound(chosen) {
  const valid = Object.entries(CHOICES).map(([name, values]) => {
    const value = chosen?.[name];
    return [name, values.includes(value) ? value : values[0]];
  });
  return Object.fromEntries(valid);
}
