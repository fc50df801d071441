// @ts-check
/**
 * The page, wired. Frames come from the connection, change the state, and the state is shown; what
 * people write goes through the outbox to the connection. This module knows all others, and none
 * of them knows it.
 */

import { Banner } from "./banner.js";
import { Composer } from "./composer.js";
import { Connection } from "./connection.js";
import { byId } from "./dom.js";
import { typed } from "./frames.js";
import { load } from "./i18n.js";
import { Join } from "./join.js";
import { Log } from "./log.js";
import { Members } from "./members.js";
import { Outbox } from "./outbox.js";
import * as places from "./places.js";
import { rows } from "./rows.js";
import { broken, initial, outside, quieten, reduce } from "./state.js";
import * as storage from "./storage.js";
import { showTyping } from "./typing.js";

/** @typedef {import("./frames.js").Frame} Frame */

const query = new URLSearchParams(location.search);
await load(navigator.languages, query.get("lang"));

let state = initial(places.here());
let wanted = storage.inside.load();
let knocking = false; // a hello is not answered yet
let drawing = 0;

const connection = new Connection(`${location.origin.replace(/^http/, "ws")}/ws`, hello);
const outbox = new Outbox((frame) => connection.send(frame), storage.outbox);
const join = new Join(query.get("name") ?? storage.lastName.load());
const members = new Members();
const composer = new Composer(storage.draft);
const banner = new Banner();
const log = new Log({
  get nick() { return state.nick; },
  retry: (id) => { outbox.retry(id); composer.focus(); }, // the button that was pressed is gone
  edit: (id) => takeBack(id),
  delete: (id) => { outbox.delete(id); composer.focus(); },
});

/** Where we were, if we were anywhere. @returns {Frame} */
function hello() {
  knocking = true;
  const place = state.seq ? { since: state.seq, epoch: state.epoch } : {};
  return { kind: "hello", nick: wanted, room: state.room, session: storage.session(), ...place };
}

connection.addEventListener("frame", (event) => {
  const frame = /** @type {CustomEvent<Frame>} */ (event).detail;
  if (frame.kind === "error" && isHandled(frame)) return;
  if (frame.id) outbox.settle(frame.id);
  else if (frame.kind === "notice" || frame.kind === "welcome") outbox.settleCommand();
  state = reduce(state, frame, Date.now());
  ON[frame.kind]?.(frame);
  draw();
});

/** @type {Record<string, (frame: Frame) => void>} */
const ON = {
  welcome() {
    knocking = false;
    wanted = state.nick;
    storage.inside.save(state.nick);
    storage.lastName.save(state.nick);
    places.show(state.room);
    banner.hide();
    showPhase();
    composer.enter(state.room, state.limits.text_bytes);
    members.showTerminal(state.limits.tcp_port ?? 0);
  },
  live: () => outbox.live(state.room),
  nick() {
    wanted = state.nick;
    storage.inside.save(state.nick);
    storage.lastName.save(state.nick);
  },
  typing: () => setTimeout(() => { state = quieten(state, Date.now()); draw(); }, 6_050),
};

/** Errors that are shown where they belong, not in the log. @param {Frame} frame */
function isHandled(frame) {
  const error = /** @type {{code: string, text: string}} */ (/** @type {unknown} */ (frame));
  if (frame.id && outbox.refuse(frame.id, error)) return true;
  if (error.code === "replaced") return true; // the close code that follows says it too
  if (!knocking) return false;
  leave();
  join.refuse(error);
  return true;
}

connection.addEventListener("status", (event) => {
  const status = /** @type {CustomEvent<import("./connection.js").Status>} */ (event).detail;
  if (status.phase === "open") return;
  outbox.broken();
  state = broken(state);
  if (status.why === "left") {
    leave();
    join.explain("join.left");
  } else if (state.phase === "inside") banner.show(status);
  else if (status.phase === "waiting") {
    showPhase();
    join.explain("join.unreachable");
  }
  draw();
});

/** Back to the door; what was read stays behind it. */
function leave() {
  state = outside(state);
  storage.inside.save("");
  banner.hide();
  showPhase();
}

join.addEventListener("join", (event) => {
  wanted = /** @type {CustomEvent<string>} */ (event).detail;
  if (!connection.send(hello())) connection.open();
});

composer.addEventListener("send", (event) => {
  const text = /** @type {CustomEvent<string>} */ (event).detail;
  outbox.post(typed(text), text, state.room);
  draw();
  log.toEnd();
});
composer.addEventListener("typing", () => state.live && connection.send({ kind: "typing" }));
outbox.addEventListener("change", draw);
outbox.addEventListener("late", () => connection.probe());
banner.addEventListener("retry", () => connection.open());

addEventListener("online", () => connection.hurry());
document.addEventListener("visibilitychange", () => document.hidden || connection.hurry());
addEventListener("popstate", () => enterRoom(places.here()));
byId("log").addEventListener("click", (/** @type {MouseEvent} */ event) => {
  const link = /** @type {Element} */ (event.target).closest("a[data-room]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  enterRoom(link.getAttribute("data-room") ?? "");
});

/** @param {string} room */
function enterRoom(room) {
  if (room === state.room || connection.send({ kind: "join", room })) return;
  state = { ...initial(room), phase: state.phase, nick: state.nick }; // the next hello goes there
  draw();
}

/** @param {string} id of an entry that its author wants to change */
function takeBack(id) {
  const entry = outbox.entries.find((one) => one.id === id);
  outbox.delete(id);
  if (entry) composer.edit(entry.text);
}

function showPhase() {
  const inside = state.phase === "inside";
  byId("room").hidden = !inside;
  document.body.dataset.phase = state.phase;
  if (inside) join.close();
  else join.open(state.room, wanted);
}

/** Once per picture, however many frames came: a burst is one change of the page. */
function draw() {
  drawing ||= requestAnimationFrame(() => {
    drawing = 0;
    byId("room-name").textContent = `#${state.room}`;
    byId("topic").textContent = byId("topic").title = state.topic;
    members.show(state);
    showTyping([...state.typing.keys()]);
    log.show(rows(state.lines, outbox.of(state.room), state.nick, Date.now()), state.live);
  });
}

// Who was inside before a reload goes straight back, and does not see the door.
if (wanted) connection.open();
else showPhase();
