// @ts-check
/** What outlives a reload (this tab's) and a visit (this browser's). */

import { random } from "./frames.js";

// A browser that keeps nothing (private windows, some settings) throws on every touch.
const tab = safe(() => sessionStorage);
const browser = safe(() => localStorage);

/** The secret by which the server knows this browser again: its tabs are one person. */
export function session() {
  const kept = read(browser, "session") || fallback;
  write(browser, "session", kept);
  return kept;
}
const fallback = random(16);

/** The name of the last visit. */
export const lastName = entry(browser, "name");
/** The name under which this tab is inside; empty: it is not. */
export const inside = entry(tab, "inside");
/** What is half written. */
export const draft = entry(tab, "draft");

export const outbox = {
  /** @returns {import("./outbox.js").Entry[]} */
  load: () => parsed(read(tab, "outbox")) ?? [],
  /** @param {readonly import("./outbox.js").Entry[]} entries */
  save: (entries) => write(tab, "outbox", entries.length ? JSON.stringify(entries) : ""),
};

export const settings = {
  load: () => parsed(read(browser, "settings")),
  /** @param {object} chosen */
  save: (chosen) => write(browser, "settings", JSON.stringify(chosen)),
  /** @param {(chosen: unknown) => void} changed by another tab */
  watch: (changed) => addEventListener("storage", ({ key, newValue }) => {
    if (key === "oneroom.settings") changed(parsed(newValue ?? ""));
  }),
};

/** @param {Storage | null} where @param {string} name */
function entry(where, name) {
  return {
    load: () => read(where, name),
    save: (/** @type {string} */ value) => write(where, name, value),
  };
}

/** @param {string} text @returns {any} null: it is no JSON */
function parsed(text) {
  return safe(() => JSON.parse(text));
}

/** @param {Storage | null} where @param {string} name */
function read(where, name) {
  return safe(() => where?.getItem(`oneroom.${name}`)) ?? "";
}

/** @param {Storage | null} where @param {string} name @param {string} value */
function write(where, name, value) {
  const key = `oneroom.${name}`;
  safe(() => (value ? where?.setItem(key, value) : where?.removeItem(key)));
}

/** @template T @param {() => T} touch @returns {T | null} */
function safe(touch) {
  try {
    return touch();
  } catch {
    return null;
  }
}
