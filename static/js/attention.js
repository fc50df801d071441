// @ts-check
/**
 * Whether somebody looks at the page, and how it calls whoever does not: by the title, a dot on its
 * icon, and if the person wants it a sound and a notification. What browsers keep for secure pages
 * is asked for only where it is. Fires `change`.
 */

import { byId } from "./dom.js";
import { t } from "./i18n.js";

/** @typedef {import("./state.js").State} State */

const TONES_HZ = [659, 880];
const SIDE_PX = 32;

export const canNotify = isSecureContext && "Notification" in globalThis;

export class Attention extends EventTarget {
  #focused = document.hasFocus();
  #icon = byId("icon");
  #plain = this.#icon.href;
  #dot = "";
  #called = 0;
  /** @type {AudioContext | null} */
  #audio = null;

  constructor() {
    super();
    addEventListener("focus", () => this.#turn(true));
    addEventListener("blur", () => this.#turn(false));
    document.addEventListener("visibilitychange", () => this.#turn(!document.hidden));
  }

  get isAway() {
    return document.hidden || !this.#focused;
  }

  /** @param {State} state @param {import("./settings.js").Choices} chosen */
  show({ room, unread, mentioned, away }, chosen) {
    const sign = mentioned ? `(@${mentioned}) ` : unread ? `(${unread}) ` : "";
    document.title = `${sign}#${room} · oneroom`;
    this.#mark(unread > 0);
    if (away && mentioned > this.#called) this.#call(room, chosen);
    this.#called = mentioned;
    if (isSecureContext && "setAppBadge" in navigator) {
      navigator.setAppBadge(unread).catch(() => {}); // the platform may have no badges
    }
  }

  /** Browsers let a page sound only after a click: to be called in one. */
  ring() {
    this.#audio ??= new AudioContext();
    const audio = this.#audio;
    audio.resume();
    TONES_HZ.forEach((tone, nth) => beep(audio, tone, audio.currentTime + nth * 0.12));
  }

  /** To be called in a click. @returns {Promise<boolean>} whether it was allowed */
  async ask() {
    return canNotify && (await Notification.requestPermission()) === "granted";
  }

  /** @param {string} room @param {import("./settings.js").Choices} chosen */
  #call(room, { sound, notify }) {
    if (sound === "on") this.ring();
    if (notify !== "on" || !canNotify || Notification.permission !== "granted") return;
    const shown = new Notification(t("notify.title", { room }), { tag: `oneroom ${room}` });
    shown.onclick = () => { window.focus(); shown.close(); };
  }

  /** @param {boolean} focused */
  #turn(focused) {
    this.#focused = focused;
    this.dispatchEvent(new Event("change"));
  }

  /** @param {boolean} on */
  #mark(on) {
    const wanted = on ? (this.#dot ||= dot()) : this.#plain;
    if (this.#icon.href === wanted) return;
    this.#icon.type = on ? "image/png" : "image/svg+xml";
    this.#icon.href = wanted;
  }
}

/** @param {AudioContext} audio @param {number} tone Hz @param {number} at its own seconds */
function beep(audio, tone, at) {
  const gain = new GainNode(audio, { gain: 0 });
  gain.gain.setTargetAtTime(0.12, at, 0.01);
  gain.gain.setTargetAtTime(0, at + 0.1, 0.03);
  const source = new OscillatorNode(audio, { frequency: tone });
  source.connect(gain).connect(audio.destination);
  source.start(at);
  source.stop(at + 0.4);
}

/** The icon with a dot, drawn: a tab shows no other way that something is new. */
function dot() {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIDE_PX;
  const pen = canvas.getContext("2d");
  if (!pen) return "";
  const style = getComputedStyle(document.documentElement);
  pen.fillStyle = style.getPropertyValue("--icon");
  pen.beginPath();
  pen.roundRect(0, 0, SIDE_PX, SIDE_PX, 8);
  pen.fill();
  pen.fillStyle = style.getPropertyValue("--icon-dot");
  pen.beginPath();
  pen.arc(SIDE_PX * 0.68, SIDE_PX * 0.32, SIDE_PX * 0.26, 0, 2 * Math.PI);
  pen.fill();
  return canvas.toDataURL("image/png");
}
