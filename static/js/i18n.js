// @ts-check
/**
 * Every visible string, in the person's language. A string is a text with {holes}, or a table of
 * such by plural form, chosen by `n`. A hole is filled with text or with a node, so that a name can
 * be isolated from the sentence round it.
 *
 * What the server says in English (`error.*`, `help.*`) is only in the other languages' files: in
 * English its own words are the better ones, they know the case.
 */

/** @typedef {string | Record<string, string>} Entry */

/** @type {Record<string, string>} */
const LANGUAGES = { en: "en", zh: "zh-CN" };

/** @type {Record<string, Entry>} */
let strings = {};
let plurals = new Intl.PluralRules("en");
let lists = new Intl.ListFormat("en");

/** The language of the strings, and the locale of dates: the same language as the person has it. */
export let language = "en";
export let locale = "en";

/**
 * @param {readonly string[]} preferred as in `navigator.languages`
 * @param {string | null} override as in `?lang=`
 */
export async function load(preferred, override) {
  const wanted = [override ?? "", ...preferred];
  locale = wanted.find((tag) => languageOf(tag) in LANGUAGES) ?? "en";
  language = languageOf(locale);
  strings = await (await fetch(`/static/i18n/${language}.json`)).json();
  plurals = new Intl.PluralRules(language);
  lists = new Intl.ListFormat(LANGUAGES[language]);
  document.documentElement.lang = LANGUAGES[language];
  translate(document.body);
}

/** @param {string} key @param {Record<string, string | number>} [holes] */
export function t(key, holes = {}) {
  return pieces(key, holes).join("");
}

/**
 * The same with nodes in the holes, to be appended.
 * @param {string} key @param {Record<string, string | number | Node | (Node | string)[]>} holes
 * @returns {(Node | string)[]}
 */
export function pieces(key, holes) {
  return text(key, holes.n)
    .split(/\{(\w+)\}/)
    .flatMap((part, nth) => (nth % 2 ? filled(holes[part]) : part))
    .filter((part) => part !== "");
}

/** @param {string} key */
export function has(key) {
  return Object.hasOwn(strings, key);
}

/** a, b and c. @param {Node[]} nodes @returns {(Node | string)[]} */
export function list(nodes) {
  const numbered = nodes.map((_, nth) => String(nth));
  return lists
    .formatToParts(numbered)
    .map(({ type, value }) => (type === "element" ? nodes[Number(value)] : value));
}

/** What the server says to a person. @param {{code: string, text: string}} error */
export function errorText({ code, text }) {
  return has(`error.${code}`) ? t(`error.${code}`) : text;
}

const ATTRIBUTES = { "data-i18n-label": "aria-label", "data-i18n-placeholder": "placeholder" };

/** @param {Element} root */
function translate(root) {
  for (const node of root.querySelectorAll("[data-i18n]")) {
    node.textContent = t(node.getAttribute("data-i18n") ?? "");
  }
  for (const [marked, attribute] of Object.entries(ATTRIBUTES)) {
    for (const node of root.querySelectorAll(`[${marked}]`)) {
      node.setAttribute(attribute, t(node.getAttribute(marked) ?? ""));
    }
  }
}

/** @param {string} key @param {any} n */
function text(key, n) {
  const entry = strings[key] ?? key;
  return typeof entry === "string" ? entry : (entry[plurals.select(Number(n))] ?? entry.other);
}

/** @param {any} value */
function filled(value) {
  return typeof value === "number" ? value.toLocaleString(LANGUAGES[language]) : (value ?? "");
}

/** @param {string} tag zh-Hant-TW -> zh */
function languageOf(tag) {
  return tag.split("-")[0].toLowerCase();
}
