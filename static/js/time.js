// @ts-check
import { language } from "./i18n.js";

/** @param {number} at ms since 1970 */
export function clock(at) {
  return new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hour12: false }).format(at);
}

/** @param {number} at */
export function day(at) {
  return new Intl.DateTimeFormat(language, { weekday: "long", month: "long", day: "numeric" }).format(at);
}

/** @param {number} at */
export function full(at) {
  return new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "medium" }).format(at);
}

/** @param {number} one @param {number} other */
export function isSameDay(one, other) {
  return new Date(one).toDateString() === new Date(other).toDateString();
}
