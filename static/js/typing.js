// @ts-check
/** Who is writing just now, in one line that is always there: the log must not jump for it. */

import { byId } from "./dom.js";
import { list, pieces, t } from "./i18n.js";
import { name } from "./people.js";

/** @param {string[]} nicks */
export function showTyping(nicks) {
  byId("typing").replaceChildren(...words(nicks));
}

/** @param {string[]} nicks @returns {(Node | string)[]} */
function words(nicks) {
  if (!nicks.length) return [];
  if (nicks.length > 3) return [t("typing.many")];
  return pieces(nicks.length > 1 ? "typing.some" : "typing.one", { names: list(nicks.map(name)) });
}
