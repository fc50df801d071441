// @ts-check
/** Moments as people read them, in the person's language and time zone. */

import { locale, t } from "./i18n.js";

const DAY_MS = 86_400_000;
/** 24 hours as a rule, as the terminals show it: they are in the same conversation. */
let hours = "24";
/** Making one takes longer than a thousand uses. @type {Map<string, Intl.DateTimeFormat>} */
const formats = new Map();

/** @param {"24" | "12"} chosen */
export function chooseClock(chosen) {
  hours = chosen;
}

/** 09:05. @param {number} at */
export function clock(at) {
  const hourCycle = hours === "12" ? "h12" : "h23";
  return format({ hour: "2-digit", minute: "2-digit", hourCycle }).format(at);
}

/** All of it, for a tooltip. @param {number} at */
export function full(at) {
  return format({ dateStyle: "full", timeStyle: "medium" }).format(at);
}

/** Equal for moments of one day. @param {number} at */
export function dayKey(at) {
  const date = new Date(at);
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`;
}

/** @param {number} at @param {number} now */
export function dayName(at, now) {
  const day = dayKey(at);
  if (day === dayKey(now)) return t("day.today");
  if (day === dayKey(now - DAY_MS)) return t("day.yesterday");
  const year = new Date(at).getFullYear() === new Date(now).getFullYear() ? {} : YEAR;
  return format({ weekday: "long", day: "numeric", month: "long", ...year }).format(at);
}

const YEAR = /** @type {const} */ ({ year: "numeric" });

/** @param {Intl.DateTimeFormatOptions} options */
function format(options) {
  const key = locale + JSON.stringify(options);
  const made = formats.get(key) ?? new Intl.DateTimeFormat(locale, options);
  formats.set(key, made);
  return made;
}
