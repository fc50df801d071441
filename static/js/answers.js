// @ts-check
/** What the server answers to us alone, as nodes. */

import { el } from "./dom.js";
import { errorText, has, list, pieces, t } from "./i18n.js";
import { words } from "./prose.js";
import { doorName, name } from "./people.js";
import { pathOf } from "./places.js";
import { clock } from "./time.js";

/** @typedef {import("./frames.js").Frame} Frame */

/** @param {Frame} frame @returns {Node[]} */
export function answer(frame) {
  return ANSWERS[frame.kind](frame);
}

/** @type {Record<string, (frame: Frame) => Node[]>} */
const ANSWERS = {
  notice: ({ text }) => [el("p", {}, words(text))],
  error: (frame) => [el("p", { role: "alert" }, errorText(/** @type {any} */ (frame)))],
  nick: ({ nick }) => [el("p", {}, ...pieces("answer.nick", { nick: name(nick) }))],
  members: ({ members, count }) => [
    el("p", {}, ...pieces("answer.members", { n: count, names: list(members.map(withDoor)) })),
  ],
  rooms: ({ rooms }) => [
    el("p", {}, t("answer.rooms", { n: rooms.length })),
    el("ul", {}, ...rooms.map(room)),
  ],
  help: ({ commands }) => [
    el("p", {}, t("answer.help")),
    el("dl", {}, ...commands.flatMap(command)),
  ],
  history: ({ events }) => listed("answer.history", events),
  found: ({ events }) => listed("answer.found", events.toReversed()),
};

/** @param {string} key @param {Frame[]} events */
function listed(key, events) {
  const title = t(events.length ? key : `${key}.none`, { n: events.length });
  return [el("p", {}, title), el("ul", {}, ...events.map(again))];
}

/** @param {{nick: string, door: string}} member */
function withDoor({ nick, door }) {
  return el("span", {}, name(nick), ` (${doorName(door)})`);
}

/** @param {{room: string, count: number, topic: string}} room */
function room({ room, count, topic }) {
  const link = el("a", { href: pathOf(room), "data-room": room }, `#${room}`);
  const about = topic ? [" · ", el("bdi", {}, topic)] : [];
  return el("li", {}, link, ` · ${t("answer.here", { n: count })}`, ...about);
}

/** @param {{usage: string, help: string}} command */
function command({ usage, help }) {
  const key = `help.${/^\/(\w+)/.exec(usage)?.[1]}`;
  return [el("dt", {}, usage), el("dd", {}, has(key) ? t(key) : help)];
}

/** @param {Frame} event */
function again({ kind, at, nick, text }) {
  const time = el("time", {}, clock(at));
  const said = words(text);
  if (kind === "act") return el("li", {}, time, " * ", name(nick), " ", said);
  if (kind === "say") return el("li", {}, time, " ", name(nick), ": ", said);
  return el("li", {}, time, " ", ...pieces("line.topic", { nick: name(nick), text: said }));
}
