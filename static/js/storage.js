// @ts-check
/** What outlives a reload (this tab's) and a visit (this browser's). */

import { random } from "./frames.js";

// A browser that keeps nothing (private windows, some settings) throws on every touch.
const tab = safe(() => sessionStorage);
const browser = safe(() => localStorage);

/** The secret by which the server knows this tab again. */
export function session() {
  const kept = read(tab, "session") || random(16);
  write(tab, "session", kept);
  return kept;
}

/** The name of the last visit. */
export const lastName = entry(browser, "name");
/** The name under which this tab is inside; empty: it is not. */
export const inside = entry(tab, "inside");
/** What is half written. */
export const draft = entry(tab, "draft");

export const outbox = {
  /** @returns {import("./outbox.js").Entry[]} */
  load: () => safe(() => JSON.parse(read(tab, "outbox") || "[]")) ?? [],
  /** @param {readonly import("./outbox.js").Entry[]} entries */
  save: (entries) => write(tab, "outbox", entries.length ? JSON.stringify(entries) : ""),
};

/** @param {Storage | null} where @param {string} name */
function entry(where, name) {
  return {
    load: () => read(where, name),
    save: (/** @type {string} */ value) => write(where, name, value),
  };
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
