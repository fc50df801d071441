// @ts-check
/**
 * One WebSocket that comes back. It dials, says hello, and when the line is lost waits and dials
 * again, until the server says that it shall not (`FINAL`).
 *
 * Events: `frame` (detail: a frame), `status` (detail: a Status). Whoever hears `frame` decides
 * what to do; this class looks at one kind only, `welcome`, because being let in is what makes a
 * connection good: a server that accepts and drops at once must not be dialled without pause.
 */

import { decode, encode } from "./frames.js";

/**
 * @typedef {import("./frames.js").Frame} Frame
 * @typedef {"dialling" | "open" | "waiting" | "closed"} Phase
 * @typedef {{phase: Phase, attempt: number, until: number, why: string}} Status
 *   `attempt`: dials since the last welcome; `until`: when the next is due (ms); `why`: of closed.
 */

const LONGEST_WAIT_MS = 30_000;
/** A network that swallows packets would keep a dial for minutes. */
const DIAL_MS = 10_000;
const PROBE_MS = 5_000;
/** A page is not shown the server's pings; one that only listens has to ask for itself. */
const SILENCE_MS = 30_000;
/** Close codes after which dialling again would do harm. @type {Record<number, string>} */
const FINAL = { 1000: "left", 4001: "replaced", 4002: "refused" };

export class Connection extends EventTarget {
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {Phase} */
  #phase = "closed";
  #attempt = 0;
  #welcome = false;
  #timer = 0;
  #deadline = 0;
  #silence = 0;

  /** @param {string} url @param {() => Frame} hello made for each dial: it says where to go on */
  constructor(url, hello) {
    super();
    this.url = url;
    this.hello = hello;
  }

  get isOpen() {
    return this.#phase === "open";
  }

  /** Dials, unless there is a line already. */
  open() {
    if (this.#phase === "open" || this.#phase === "dialling") return;
    clearTimeout(this.#timer);
    this.#attempt += 1;
    this.#set("dialling");
    const socket = new WebSocket(this.url);
    this.#socket = socket;
    socket.onopen = () => this.#opened(socket);
    socket.onmessage = ({ data }) => this.#received(String(data));
    socket.onclose = ({ code }) => this.#lost(code);
    this.#expect(DIAL_MS);
  }

  /** @param {Frame} frame @returns {boolean} whether it could be written */
  send(frame) {
    if (!this.isOpen || this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(encode(frame));
    return true;
  }

  /** Something has changed (the network is back, the page is seen): do not wait any longer. */
  hurry() {
    if (this.#phase === "waiting") this.open();
    else this.probe();
  }

  /**
   * A line can be dead and not know it, after sleep say. Asks, and dials anew if nothing comes.
   * Who was not welcomed may not ask: the server would answer with an error.
   */
  probe() {
    if (!this.#welcome || this.#deadline || !this.send({ kind: "ping" })) return;
    this.#expect(PROBE_MS);
  }

  /** @param {WebSocket} socket */
  #opened(socket) {
    this.#set("open");
    socket.send(encode(this.hello()));
  }

  /** @param {string} text */
  #received(text) {
    this.#heard();
    for (const frame of decode(text)) {
      if (frame.kind === "welcome") this.#welcomed();
      this.dispatchEvent(new CustomEvent("frame", { detail: frame }));
    }
  }

  #welcomed() {
    this.#attempt = 0;
    this.#welcome = true;
  }

  /** @param {number} code */
  #lost(code) {
    this.#abandon();
    if (code in FINAL) {
      this.#attempt = 0;
      this.#set("closed", 0, FINAL[code]);
      return;
    }
    const wait = backoff(this.#attempt);
    this.#timer = setTimeout(() => this.open(), wait);
    this.#set("waiting", Date.now() + wait);
  }

  /** Closing a dead socket takes as long as the network likes, so nobody waits for it. */
  #abandon() {
    const socket = this.#socket;
    this.#socket = null;
    this.#welcome = false;
    this.#stopWaiting();
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  /** Something must be heard within `ms`. @param {number} ms */
  #expect(ms) {
    this.#deadline = setTimeout(() => this.#lost(1006), ms);
  }

  #heard() {
    this.#stopWaiting();
    this.#silence = setTimeout(() => this.probe(), SILENCE_MS);
  }

  #stopWaiting() {
    clearTimeout(this.#deadline);
    clearTimeout(this.#silence);
    this.#deadline = 0;
  }

  /** @param {Phase} phase @param {number} [until] @param {string} [why] */
  #set(phase, until = 0, why = "") {
    this.#phase = phase;
    const detail = { phase, attempt: this.#attempt, until, why };
    this.dispatchEvent(new CustomEvent("status", { detail }));
  }
}

/**
 * 1, 2, 4 … 30 s, a fifth more or less: a room that was thrown out must not come back as one.
 * @param {number} attempt
 */
function backoff(attempt) {
  const wait = Math.min(1000 * 2 ** Math.max(attempt - 1, 0), LONGEST_WAIT_MS);
  return wait * (0.8 + 0.4 * Math.random());
}
