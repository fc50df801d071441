// @ts-check
/**
 * The page, wired. Frames come from the connection, change the state, and the state is shown; what
 * people write goes through the outbox to the connection. This module knows all others, and none
 * of them knows it.
 *
 * Who is it? At the door one watches the room without being in it. Of a browser's tabs the one that
 * was used last is in, under the browser's one session; the server lets the others go
 * (`replaced`), and they watch, until they are used.
 */

import { Attention } from "./attention.js";
import { Banner } from "./banner.js";
import { Composer } from "./composer.js";
import { Connection } from "./connection.js";
import { copyAsText } from "./copying.js";
import { byId } from "./dom.js";
import { random, typed } from "./frames.js";
import { has, language, load, t } from "./i18n.js";
import { Join } from "./join.js";
import { Log } from "./log.js";
import { Members } from "./members.js";
import { Outbox } from "./outbox.js";
import { Picture } from "./picture.js";
import * as places from "./places.js";
import { rows } from "./rows.js";
import { Settings } from "./settings.js";
import { Side } from "./side.js";
import * as states from "./state.js";
import * as storage from "./storage.js";
import { Tabs } from "./tabs.js";
import { chooseClock } from "./time.js";
import { showTyping } from "./typing.js";
import { followKeyboard } from "./viewport.js";

/** @typedef {import("./frames.js").Frame} Frame */

const PAGE = 50;
/** More than this is not sent again after a long absence, but read when it is scrolled to. */
const REPLAY = 1000;
const CALL_MS = 50;

const query = new URLSearchParams(location.search);
const settings = new Settings();
await speak(query.get("lang"));

let state = states.initial(places.here());
let wanted = storage.inside.load(); // the name under which we are in, or want to be
let active = true; // of the tabs of this browser, the one that is in
let isMember = false;
let knocking = false; // a hello with a name is not answered yet
let calling = 0;
let target = 0; // the seq of a message that is to be shown
/** @type {{usage: string, help: string}[]} */
let commands = [];
/** @type {import("./search.js").Search | null} */
let search = null;

const connection = new Connection(`${location.origin.replace(/^http/, "ws")}/ws?view=json`, hello);
const outbox = new Outbox((frame) => connection.send(frame), storage.outbox);
const join = new Join(query.get("name") ?? storage.lastName.load());
const members = new Members();
const composer = new Composer(storage.draft, settings, known);
const attention = new Attention();
const banner = new Banner();
const picture = new Picture(show);
const side = new Side((panel) => (panel === "members" ? members.title : t(`side.${panel}`)));
const tabs = new Tabs(() => (isMember ? state.nick : ""));
const log = new Log({
  get nick() { return state.nick; },
  retry: (id) => { outbox.retry(id); composer.focus(); }, // the button that was pressed is gone
  edit: (id) => takeBack(id),
  delete: (id) => { outbox.delete(id); composer.focus(); },
});

// -- the line

/** Where we were, if we were anywhere; and who we are, if we are. @returns {Frame} */
function hello() {
  knocking = Boolean(wanted && active);
  const place = state.seq ? { since: state.seq, epoch: state.epoch } : {};
  const who = knocking ? { nick: wanted } : { watch: true };
  return { kind: "hello", room: state.room, session: storage.session(), ...who, ...place };
}

connection.addEventListener("frame", (event) => {
  const frame = /** @type {CustomEvent<Frame>} */ (event).detail;
  if (frame.kind === "error" && isHandled(frame)) return;
  if (frame.kind === "found" && search?.receive(frame)) return;
  if (frame.kind === "help" && frame.id === "table") return learn(frame);
  if (frame.id) outbox.settle(frame.id);
  else if (frame.kind === "notice" || frame.kind === "welcome") outbox.settleCommand();
  if (state.paging?.id === frame.id) target = state.paging?.target ?? 0;
  state = states.reduce(state, frame, Date.now());
  ON[frame.kind]?.(frame);
  draw();
});

/** @type {Record<string, (frame: Frame) => void>} */
const ON = {
  welcome(frame) {
    isMember = frame.nick !== "";
    banner.hide();
    places.show(state.room);
    if (frame.replay > REPLAY) connection.send({ kind: "hello", room: state.room, watch: !isMember });
    join.takeBack("join.unreachable");
    showPhase();
    if (isMember) moveIn();
  },
  live: () => isMember && outbox.live(state.room),
  nick: remember,
  presence() {
    if (state.phase === "room" && state.nick !== wanted) remember(); // renamed in another tab
  },
  typing: () => setTimeout(() => { state = states.quieten(state, Date.now()); draw(); }, 6_050),
};

function moveIn() {
  knocking = false;
  remember();
  composer.enter(state.room, state.limits.text_bytes);
  if (!commands.length) connection.send({ kind: "command", line: "/help", id: "table" });
}

function remember() {
  wanted = state.nick;
  storage.inside.save(wanted);
  storage.lastName.save(wanted);
}

/** @param {Frame} frame the server's table of commands */
function learn(frame) {
  commands = frame.commands;
}

/** Errors that are shown where they belong, not in the log. @param {Frame} frame */
function isHandled(frame) {
  const error = /** @type {{code: string, text: string}} */ (/** @type {unknown} */ (frame));
  if (frame.id && outbox.refuse(frame.id, error)) return true;
  if (error.code === "replaced") return true; // the close code that follows says it too
  if (!knocking) return false;
  leave();
  connection.send(hello()); // to watch, at least
  join.refuse(error);
  return true;
}

connection.addEventListener("status", (event) => {
  const status = /** @type {CustomEvent<import("./connection.js").Status>} */ (event).detail;
  if (status.phase === "open") return;
  isMember = false;
  outbox.broken();
  state = states.broken(state);
  if (status.phase === "closed") return part(status.why);
  if (state.phase === "room") banner.show(status);
  else if (status.phase === "waiting") join.explain("join.unreachable");
  draw();
});

/** @param {string} why the server let us go */
function part(why) {
  if (why === "replaced") active = false;
  else {
    leave();
    tabs.leave();
    join.explain("join.left");
  }
  connection.open();
}

/** Back to the door; one still sees what is said. */
function leave() {
  wanted = "";
  knocking = false;
  state = states.outside(state);
  storage.inside.save("");
  banner.hide();
  showPhase();
  draw();
}

// -- the tabs

/** This tab is used: it is the one that is in from now on. */
function claim() {
  if (active || !wanted || document.hidden) return;
  active = true;
  if (!connection.send(hello())) connection.hurry();
}

for (const use of ["focus", "pointerdown", "keydown"]) addEventListener(use, claim, true);
tabs.addEventListener("closed", claim);
tabs.addEventListener("left", () => state.phase === "room" && leave());
tabs.addEventListener("inside", (event) => {
  if (!wanted && state.phase === "door") enterAs(/** @type {CustomEvent<string>} */ (event).detail);
});

// -- what the person does

/** @param {string} name */
function enterAs(name) {
  wanted = name;
  active = true;
  if (!connection.send(hello())) connection.open();
}

join.addEventListener("join", (event) => enterAs(/** @type {CustomEvent<string>} */ (event).detail));

composer.addEventListener("send", (event) => {
  const text = /** @type {CustomEvent<string>} */ (event).detail;
  outbox.post(typed(text), text, state.room);
  toEnd();
});
composer.addEventListener("typing", () => state.live && isMember && connection.send({ kind: "typing" }));
members.addEventListener("address", (event) => {
  side.yield();
  composer.address(/** @type {CustomEvent<string>} */ (event).detail);
});
outbox.addEventListener("change", draw);
outbox.addEventListener("late", () => connection.probe());
banner.addEventListener("retry", () => connection.open());

log.addEventListener("reading", (event) => {
  state = states.reads(state, /** @type {CustomEvent<boolean>} */ (event).detail);
  draw();
});
log.addEventListener("end", toEnd);
log.addEventListener("older", () => {
  page("older", { before: state.log[0]?.seq ?? state.seq + 1 });
});
log.addEventListener("newer", () => page("newer", { after: state.log.at(-1)?.seq ?? 0 }));

function toEnd() {
  state = states.toNewest(state);
  log.toEnd();
  draw();
}

/** Reads in the log, once at a time. */
/** @param {"older" | "newer" | "around"} where @param {Record<string, number>} from @param {number} [goal] */
function page(where, from, goal) {
  if (state.paging || !state.live) return false;
  const id = random(8);
  state = states.pages(state, { id, where, target: goal });
  return connection.send({ kind: "history", limit: PAGE, id, ...from });
}

/** Shows one message in its place. @param {number} seq */
function goTo(seq) {
  side.yield();
  target = seq;
  if (lineOf(seq)) draw();
  else page("around", { before: seq + PAGE / 2 }, seq);
}

/** @param {number} seq */
function lineOf(seq) {
  return state.log.find((line) => line.seq === seq);
}

addEventListener("online", () => connection.hurry());
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  claim();
  connection.hurry();
});
attention.addEventListener("change", () => {
  state = states.turns(state, attention.isAway);
  draw();
});
addEventListener("popstate", () => enterRoom(places.here()));
byId("log").addEventListener("click", (/** @type {MouseEvent} */ event) => {
  const link = /** @type {Element} */ (event.target).closest("a[data-room]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  enterRoom(link.getAttribute("data-room") ?? "");
});

/** @param {string} room */
function enterRoom(room) {
  if (room === state.room || (isMember && connection.send({ kind: "join", room }))) return;
  state = states.elsewhere(state, room); // the next hello goes there
  if (!isMember) connection.send(hello());
  draw();
}

/** @param {string} id of an entry that its author wants to change */
function takeBack(id) {
  const entry = outbox.entries.find((one) => one.id === id);
  outbox.delete(id);
  if (entry) composer.edit(entry.text);
}

/** What can be completed. */
function known() {
  const others = [...state.members.keys()].filter((nick) => nick !== state.nick);
  const table = commands.map(({ usage, help }) => {
    const key = `help.${/^\/(\w+)/.exec(usage)?.[1]}`;
    return { usage, help: has(key) ? t(key) : help };
  });
  return { commands: table, nicks: others, emoji: pictures };
}

/** @type {typeof import("./emoji.js").emoji | null} */
let emoji = null;

/** None yet, perhaps: their names are fetched when they are first asked for. */
function pictures() {
  const here = () => composer.suggest();
  if (emoji) return emoji(language, here);
  import("./emoji.js").then((module) => { ({ emoji } = module); here(); });
  return [];
}

// -- the panels, loaded when they are opened

side.addEventListener("open", async (event) => {
  const panel = /** @type {CustomEvent<string>} */ (event).detail;
  if (panel === "ways") (await import("./ways.js")).showWays(state.room);
  if (panel === "settings") await showSettings();
  if (panel === "search" && !search) {
    const { Search } = await import("./search.js");
    search = new Search((frame) => connection.send(frame), goTo);
  }
});

async function showSettings() {
  const { showPreferences } = await import("./preferences.js");
  const focused = document.activeElement?.id;
  showPreferences(settings, attention, save);
  if (focused) byId(focused)?.focus();
}

/** @param {"txt" | "json"} kind */
async function save(kind) {
  const status = byId("save-status");
  const { saveRoom } = await import("./saving.js");
  try {
    await saveRoom(state.room, kind, (n) => { status.textContent = t("save.count", { n }); });
  } catch {
    status.textContent = t("save.failed");
  }
}

let spoken = settings.now.language;
settings.addEventListener("change", async () => {
  const isForeign = spoken !== settings.now.language;
  spoken = settings.now.language;
  if (isForeign) await speak(null);
  else dress();
  if (isForeign && byId("setting-language")) await showSettings();
  for (const part of [composer, join, members, side]) part.relabel();
  log.redraw();
  draw();
});

/** The language that was chosen: in the address, in the settings, or in the browser. */
/** @param {string | null} asked */
async function speak(asked) {
  const { language: chosen } = settings.now;
  await load(navigator.languages, asked ?? (chosen === "auto" ? null : chosen));
  dress();
}

function dress() {
  document.documentElement.dataset.theme = settings.now.theme;
  chooseClock(settings.now.clock);
}

// -- the picture

function showPhase() {
  const inside = state.phase === "room";
  const was = document.body.dataset.phase;
  document.body.dataset.phase = state.phase;
  byId("composer").hidden = !inside;
  byId("skip").href = inside ? "#text" : "#name";
  if (!inside) return join.open(wanted);
  join.close();
  if (was !== "room") composer.focus();
}

function draw() {
  picture.ask();
  // A page that nobody sees is not drawn, and calls all the same.
  calling ||= setTimeout(() => { calling = 0; attention.show(state, settings.now); }, CALL_MS);
}

function show() {
  byId("room-name").textContent = `#${state.room}`;
  byId("topic").textContent = byId("topic").title = state.topic;
  members.show(state);
  side.relabel();
  if (state.phase === "door") join.show(state);
  showTyping([...state.typing.keys()]);
  showLog();
}

function showLog() {
  const { live, older, newest, missed, room } = state;
  const first = state.past.length ? 0 : (state.log[0]?.seq ?? 1);
  const all = rows(state, outbox.of(room), Date.now(), settings.now.joins);
  log.show(all, { live, older, newest, missed, first, room });
  const line = target && lineOf(target);
  if (!line) return;
  target = 0;
  log.point(line.key);
}

// Who was inside before a reload goes straight back; who has another tab inside, too.
state = states.turns(state, attention.isAway);
byId("room").hidden = false;
if (wanted) state = { ...state, phase: "room", nick: wanted };
else tabs.ask();
copyAsText(log);
followKeyboard();
showPhase();
composer.enter(state.room, state.limits.text_bytes);
connection.open();
