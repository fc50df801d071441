// @ts-check
/** The whole log of the room as a file, page by page. Loaded when it is asked for. */

import { el } from "./dom.js";
import { asText } from "./copying.js";

/** @typedef {import("./frames.js").Frame} Frame */

const PAGE = 500;

/**
 * @param {string} room
 * @param {"txt" | "json"} kind
 * @param {(count: number) => void} progress
 */
export async function saveRoom(room, kind, progress) {
  const events = await everything(room, progress);
  const text = kind === "json" ? JSON.stringify(events, null, 1) : events.map(asText).join("\n");
  const type = kind === "json" ? "application/json" : "text/plain";
  download(new Blob([text, "\n"], { type }), `${room}-${today()}.${kind}`);
}

/** @param {string} room @param {(count: number) => void} progress @returns {Promise<Frame[]>} */
async function everything(room, progress) {
  /** @type {Frame[]} */
  const events = [];
  for (let after = 0, more = true; more; ) {
    const where = `/rooms/${encodeURIComponent(room)}/messages?after=${after}&limit=${PAGE}`;
    const answer = await fetch(where);
    if (answer.status === 404) break; // nothing was ever said
    if (!answer.ok) throw new Error(String(answer.status));
    const page = await answer.json();
    events.push(...page.events);
    progress(events.length);
    after = events.at(-1)?.seq;
    more = page.more && page.events.length > 0;
  }
  return events;
}

/** @param {Blob} blob @param {string} name */
function download(blob, name) {
  const href = URL.createObjectURL(blob);
  el("a", { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}

function today() {
  return new Date().toISOString().slice(0, 10);
}
