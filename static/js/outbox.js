// @ts-check
/**
 * What was written here and is not yet known to be in the log. Nothing leaves it but by the
 * room's own acknowledgement, or by the hand of who wrote it: so no text is lost, and, as each
 * carries an id that the server knows again, none is said twice. Knows no DOM.
 */

const PATIENCE = 10_000; // ms until a message without an answer is called not sent

/** @typedef {{id: string, message: import("./frames.js").Message, failed: string | null}} Item */

export class Outbox extends EventTarget {
  /** @type {Map<string, Item>} */
  #items = new Map();
  /** @type {Map<string, number>} */
  #timers = new Map();
  #send;

  /** @param {(message: import("./frames.js").Message) => boolean} send */
  constructor(send) {
    super();
    this.#send = send;
  }

  /** @param {{kind: string, [field: string]: any}} message @returns {Item} */
  post(message) {
    const id = newId();
    const item = { id, message: { ...message, id }, failed: null };
    this.#items.set(id, item);
    this.#try(item);
    return item;
  }

  /** Sends again what is unanswered, in its order: after a reconnection. */
  resend() {
    for (const item of this.#items.values()) if (!item.failed) this.#try(item);
  }

  /** @param {string} id */
  retry(id) {
    const item = this.#items.get(id);
    if (!item) return;
    item.failed = null;
    this.#changed(item);
    this.#try(item);
  }

  /** It is in the log, or taken back. @param {string} id @returns {boolean} whether it was ours */
  settle(id) {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    return this.#items.delete(id);
  }

  /** @param {string} id @param {string} why @returns {boolean} whether it was ours */
  fail(id, why) {
    const item = this.#items.get(id);
    if (!item) return false;
    clearTimeout(this.#timers.get(id));
    item.failed = why;
    this.#changed(item);
    return true;
  }

  has(id) {
    return this.#items.has(id);
  }

  #try(item) {
    clearTimeout(this.#timers.get(item.id));
    if (this.#send(item.message)) {
      this.#timers.set(item.id, setTimeout(() => this.fail(item.id, "late"), PATIENCE));
    }
  }

  #changed(item) {
    this.dispatchEvent(new CustomEvent("change", { detail: item }));
  }
}

/** Not randomUUID: a page on a plain-http LAN address has none. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
