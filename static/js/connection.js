// @ts-check
/**
 * The way to the room: one WebSocket after the other, and the patience in between.
 *
 * It says hello each time (with the words that `hello()` gives, which hold the last position),
 * so a reconnection goes on where the last one stopped. It neither knows what the messages mean
 * nor keeps any: what could not be sent is the outbox's business. Knows no DOM.
 *
 * Events: `open`; `message` (detail: one message); `wait` (detail: {attempt, seconds}, 0 seconds
 * while trying); `closed` for good (detail: the close code).
 */
import { decode, encode } from "./frames.js";

const LONGEST_WAIT = 30_000; // ms
const JITTER = 0.2; // a classroom must not come back in one instant
const FINAL = new Set([4001, 4002]); // replaced, refused: coming back would only quarrel

export class Connection extends EventTarget {
  #address;
  #hello;
  /** @type {WebSocket | null} */
  #socket = null;
  #attempt = 0;
  #timer = 0;

  /** @param {string} address @param {() => import("./frames.js").Message} hello */
  constructor(address, hello) {
    super();
    this.#address = address;
    this.#hello = hello;
  }

  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** Tries now, if it is not open or being opened already. */
  open() {
    clearTimeout(this.#timer);
    if (this.#socket && this.#socket.readyState <= WebSocket.OPEN) return;
    const socket = new WebSocket(this.#address);
    this.#socket = socket;
    socket.onopen = () => this.#opened(socket);
    socket.onmessage = ({ data }) => this.#received(data);
    socket.onclose = ({ code }) => this.#closed(socket, code);
  }

  /** @param {import("./frames.js").Message} message @returns {boolean} whether it is on its way */
  send(message) {
    if (!this.isOpen) return false;
    this.#socket?.send(encode(message));
    return true;
  }

  /** The other side has let us in: the next loss is a first one again. */
  settled() {
    this.#attempt = 0;
  }

  close() {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #opened(socket) {
    if (socket !== this.#socket) return;
    this.send(this.#hello());
    this.#tell("open");
  }

  #received(data) {
    for (const message of decode(data)) this.#tell("message", message);
  }

  #closed(socket, code) {
    if (socket !== this.#socket) return;
    this.#socket = null;
    if (FINAL.has(code)) this.#tell("closed", code);
    else this.#wait();
  }

  #wait() {
    const plain = Math.min(1000 * 2 ** this.#attempt, LONGEST_WAIT);
    const wait = plain * (1 + JITTER * (2 * Math.random() - 1));
    this.#attempt += 1;
    this.#tell("wait", { attempt: this.#attempt, seconds: Math.ceil(wait / 1000) });
    this.#timer = setTimeout(() => {
      this.#tell("wait", { attempt: this.#attempt, seconds: 0 });
      this.open();
    }, wait);
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
