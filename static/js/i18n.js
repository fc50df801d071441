// @ts-check
/** All that the page says, in the reader's language. */

const LANGUAGES = ["en", "zh"];

/** @type {Record<string, string>} */
let strings = {};
export let language = "en";
let plural = new Intl.PluralRules("en");

/** Loads the strings: of `?lang=`, or of the first language of the browser's that there is. */
export async function load() {
  const wanted = [new URLSearchParams(location.search).get("lang"), ...navigator.languages];
  const short = wanted.map((tag) => tag?.slice(0, 2).toLowerCase());
  language = short.find((tag) => tag && LANGUAGES.includes(tag)) ?? "en";
  plural = new Intl.PluralRules(language);
  strings = await (await fetch(`/static/i18n/${language}.json`)).json();
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
}

/** @param {string} key @param {Record<string, string | number>} [values] */
export function say(key, values = {}) {
  const text = strings[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

/** @param {string} key @param {number} count @param {Record<string, string | number>} [values] */
export function sayCount(key, count, values = {}) {
  const form = plural.select(count) === "one" ? "one" : "other";
  return say(`${key}.${form}`, { count, ...values });
}

/** @param {string[]} names */
export function list(names) {
  return new Intl.ListFormat(language, { style: "long", type: "conjunction" }).format(names);
}

/** @param {string} door */
export function doorName(door) {
  return strings[`door.${door}`] ?? door;
}

/** Puts the strings where the page's `data-say` and `data-label` ask for them. */
export function fill(root = document) {
  for (const element of root.querySelectorAll("[data-say]")) {
    element.textContent = say(/** @type {HTMLElement} */ (element).dataset.say ?? "");
  }
  for (const element of root.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", say(/** @type {HTMLElement} */ (element).dataset.label ?? ""));
  }
}
