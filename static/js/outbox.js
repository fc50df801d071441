// @ts-check
/**
 * What was written and is not yet in the log. Nothing typed is ever lost: an entry leaves only when
 * the server has answered it, or the person deletes it. It is kept where a reload finds it.
 *
 * queued --(line is live)--> sent --(300 ms)--> waiting --(10 s)--> failed --retry--> queued
 *
 * A server that is busy, or cannot tell whether it has an entry, is asked again by itself.
 *
 * An entry goes to the room it was written in and to no other: who has gone elsewhere while the line
 * was broken must not say there what was meant for here.
 *
 * An entry keeps its id through every retry, and the server does not post the same id of the same
 * session twice, so sending again is safe. Commands are the exception: nobody knows whether one
 * that went out with a broken line was obeyed, so the person is asked.
 */

import { random } from "./frames.js";

/**
 * @typedef {import("./frames.js").Frame} Frame
 * @typedef {"queued" | "sent" | "waiting" | "failed"} EntryState
 * @typedef {{code: string, text: string}} Reason
 * @typedef {{id: string, room: string, at: number, text: string, frame: Frame, state: EntryState,
 *   reason: Reason | null}} Entry
 * @typedef {{load: () => Entry[], save: (entries: Entry[]) => void}} Store
 */

/** Sooner than this a network answers as a rule: no flicker. */
const WAITING_MS = 300;
const LATE_MS = 10_000;
/** The server may have it, or will soon have room for it: the same id is sent again after so long. */
const AGAIN_MS = 2_000;
const AGAIN = ["busy", "unknown"];

/** Fires `change` when entries changed, `late` when the server is silent for too long. */
export class Outbox extends EventTarget {
  /** @type {readonly Entry[]} */
  entries = [];
  /** Where the line is live; empty: nowhere. */
  #room = "";
  /** @type {Map<string, number>} */
  #timers = new Map();

  /** @param {(frame: Frame) => boolean} send @param {Store} store */
  constructor(send, store) {
    super();
    this.send = send;
    this.store = store;
    this.entries = store.load().map(afterBreak);
  }

  /** @param {Frame} frame without id @param {string} text as it was typed @param {string} room */
  post(frame, text, room) {
    const id = random(12);
    const at = Date.now();
    /** @type {Entry} */
    const entry = { id, room, at, text, frame: { ...frame, id }, state: "queued", reason: null };
    this.#put([...this.entries, entry]);
    this.#dispatch(entry);
  }

  /** What was written in `room`. @param {string} room */
  of(room) {
    return this.entries.filter((entry) => entry.room === room);
  }

  /**
   * The server has said all that it owed us of `room`: what is still here it does not have.
   * @param {string} room
   */
  live(room) {
    if (room !== this.#room) this.broken(); // what was under way in another room is not answered
    this.#room = room;
    for (const entry of this.entries) if (entry.state === "queued") this.#dispatch(entry);
  }

  /** The line is broken. */
  broken() {
    this.#room = "";
    for (const id of this.#timers.keys()) this.#stop(id);
    this.#put(this.entries.map(afterBreak));
  }

  /** The server has answered `id`. @param {string} id @returns {boolean} whether it was ours */
  settle(id) {
    if (!this.#find(id)) return false;
    this.delete(id);
    return true;
  }

  /** An answer without id settles the oldest command. @returns {void} */
  settleCommand() {
    const commands = this.entries.filter(({ frame }) => frame.kind === "command");
    const oldest = commands.find(({ state }) => isOut(state));
    if (oldest) this.delete(oldest.id);
  }

  /** @param {string} id @param {Reason} reason @returns {boolean} whether it was ours */
  refuse(id, reason) {
    if (!this.#find(id)) return false;
    this.#stop(id);
    if (AGAIN.includes(reason.code)) this.#wait(id);
    else this.#change(id, { state: "failed", reason });
    return true;
  }

  /** @param {string} id */
  retry(id) {
    this.#change(id, { state: "queued", reason: null });
    const entry = this.#find(id);
    if (entry) this.#dispatch(entry);
  }

  /** @param {string} id */
  delete(id) {
    this.#stop(id);
    this.#put(this.entries.filter((entry) => entry.id !== id));
  }

  /** @param {Entry} entry */
  #dispatch({ id, room, frame }) {
    if (room !== this.#room || !this.send(frame)) return;
    this.#change(id, { state: "sent" });
    this.#timers.set(id, setTimeout(() => this.#isWaiting(id), WAITING_MS));
  }

  /** @param {string} id */
  #wait(id) {
    this.#timers.set(id, setTimeout(() => this.retry(id), AGAIN_MS));
    this.#change(id, { state: "waiting" });
  }

  /** @param {string} id */
  #isWaiting(id) {
    this.#timers.set(id, setTimeout(() => this.#isLate(id), LATE_MS - WAITING_MS));
    this.#change(id, { state: "waiting" });
  }

  /** @param {string} id */
  #isLate(id) {
    this.#timers.delete(id);
    this.#change(id, { state: "failed", reason: { code: "late", text: "" } });
    this.dispatchEvent(new Event("late"));
  }

  /** @param {string} id */
  #stop(id) {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
  }

  /** @param {string} id */
  #find(id) {
    return this.entries.find((entry) => entry.id === id);
  }

  /** @param {string} id @param {Partial<Entry>} change */
  #change(id, change) {
    this.#put(this.entries.map((entry) => (entry.id === id ? { ...entry, ...change } : entry)));
  }

  /** @param {Entry[]} entries */
  #put(entries) {
    this.entries = entries;
    this.store.save(entries);
    this.dispatchEvent(new Event("change"));
  }
}

/** @param {EntryState} state */
const isOut = (state) => state === "sent" || state === "waiting";

/** @param {Entry} entry @returns {Entry} */
function afterBreak(entry) {
  const isLate = entry.reason?.code === "late"; // now it is known why
  if (!isOut(entry.state) && !isLate) return entry;
  if (entry.frame.kind !== "command") return { ...entry, state: "queued", reason: null };
  return { ...entry, state: "failed", reason: { code: "unsure", text: "" } };
}
