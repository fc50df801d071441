// @ts-check
/** The settings, to be chosen, and the conversation, to be kept. Loaded when first opened. */

import { canNotify } from "./attention.js";
import { button, byId, el } from "./dom.js";
import { t } from "./i18n.js";
import { CHOICES } from "./settings.js";

/** @typedef {import("./settings.js").Settings} Settings */

/**
 * @param {Settings} settings
 * @param {import("./attention.js").Attention} attention
 * @param {(kind: "txt" | "json") => void} save
 */
export function showPreferences(settings, attention, save) {
  const choices = Object.entries(CHOICES).map(([name, values]) => {
    const node = choice(name, values, settings, attention);
    return name === "notify" && !canNotify ? el("p.aside", {}, t("settings.insecure")) : node;
  });
  const copies = ["txt", "json"].map((kind) => (
    button(t(`save.${kind}`), () => save(/** @type {"txt" | "json"} */ (kind)), "plain")
  ));
  byId("settings").replaceChildren(
    ...choices,
    el("h3", {}, t("save.title")), el("p.aside", {}, t("save.lead")), el("p.row", {}, ...copies),
    el("p.aside", { id: "save-status", role: "status" }),
  );
}

/**
 * @param {string} name @param {string[]} values
 * @param {Settings} settings @param {import("./attention.js").Attention} attention
 */
function choice(name, values, settings, attention) {
  const id = `setting-${name}`;
  const select = /** @type {HTMLSelectElement} */ (el("select", { id }));
  const chosen = /** @type {Record<string, string>} */ (settings.now)[name];
  for (const value of values) {
    const option = new Option(t(`settings.${name}.${value}`), value, false, value === chosen);
    select.append(option);
  }
  select.addEventListener("change", async () => {
    if (name === "sound" && select.value === "on") attention.ring();
    if (name === "notify" && select.value === "on" && !(await attention.ask())) select.value = "off";
    settings.choose(name, select.value);
  });
  return el("p.choice", {}, el("label", { for: id }, t(`settings.${name}`)), select);
}
