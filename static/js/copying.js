// @ts-check
/** Copies that can be read where they are put: `[12:03] <name> text`. */

import { clock } from "./time.js";

/** @typedef {import("./log.js").Log} Log @typedef {import("./frames.js").Frame} Frame */

/** Several lines are copied as text; in one line whatever is marked. @param {Log} log */
export function copyAsText(log) {
  document.addEventListener("copy", (event) => {
    const selection = getSelection();
    if (!selection || selection.isCollapsed) return;
    const lines = log.selected(selection)
      .map(({ row }) => row.line)
      .filter((line) => "nick" in line && "text" in line || "from" in line && "text" in line);
    if (lines.length < 2) return;
    const texts = lines.map((line) => asText(/** @type {any} */ (line)));
    event.clipboardData?.setData("text/plain", texts.join("\n"));
    event.preventDefault();
  });
}

/** @param {Frame} event */
export function asText({ kind, at, nick, from, text }) {
  const time = `[${clock(at)}]`;
  if (kind === "act") return `${time} * ${nick} ${text}`;
  if (kind === "topic") return `${time} * ${nick}: ${text}`;
  return `${time} <${nick ?? from}> ${text}`;
}

/** Works on plain http too, where there is no navigator.clipboard. @param {HTMLElement} node */
export function copyNode(node) {
  getSelection()?.selectAllChildren(node);
  return document.execCommand("copy");
}
