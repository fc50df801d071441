// @ts-check
/**
 * Wires the parts: the connection brings messages, the state learns from them, the views show
 * them; what is written goes through the outbox. This is the one module that knows all others.
 */
import { Banner } from "./banner.js";
import { Composer } from "./composer.js";
import { Connection } from "./connection.js";
import { fill, list, load, say } from "./i18n.js";
import { Join } from "./join.js";
import { Log } from "./log.js";
import { Members } from "./members.js";
import { Outbox, newId } from "./outbox.js";
import { RoomState } from "./state.js";
import { Typing } from "./typing.js";

await load();
fill();

const roomName = decodeURIComponent(/^\/r\/([^/]+)/.exec(location.pathname)?.[1] ?? "lobby");
const state = new RoomState();
const log = new Log();
const members = new Members();
const composer = new Composer();
const banner = new Banner();
const typing = new Typing();
const join = new Join(roomName);
const address = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`;
const connection = new Connection(address, hello);
const outbox = new Outbox((message) => isInside && connection.send(message));

const REPLACED = 4001; // docs/protocol.md: another connection of this session took over

let wanted = "";
let isInside = false;

function hello() {
  return {
    kind: "hello", nick: wanted, room: state.room || roomName, session: session(),
    since: state.seq, epoch: state.epoch,
  };
}

/** A secret that ties this tab's reconnections together. */
function session() {
  try {
    const kept = sessionStorage.getItem("oneroom.session") ?? newId();
    sessionStorage.setItem("oneroom.session", kept);
    return kept;
  } catch {
    return (memory ??= newId());
  }
}
/** @type {string | undefined} */
let memory;

/** @type {Record<string, (message: any) => void>} */
const SHOW = {
  welcome({ nick, room, topic }) {
    const isFirst = !isInside && !document.title.startsWith("#");
    isInside = true;
    connection.settled();
    banner.hide();
    join.done(nick);
    wanted = nick;
    showRoom(room, topic);
    if (isFirst) composer.focus();
    outbox.resend();
  },
  say: showSaid,
  act: showSaid,
  topic(event) {
    showRoom(state.room, event.text);
    log.note(say(event.text ? "topic.set" : "topic.gone", event));
  },
  presence(event) {
    const others = event.joined.filter(({ nick }) => nick !== state.nick);
    log.comings({ ...event, joined: others });
  },
  typing: ({ nick }) => nick !== state.nick && typing.add(nick),
  dm(event) {
    const isOwn = event.from === state.nick;
    log.note(say(isOwn ? "dm.to" : "dm.from", { nick: isOwn ? event.to : event.from, text: event.text }), "dm");
  },
  nick({ nick }) {
    wanted = nick;
    log.note(say("you.are", { nick }));
  },
  members({ id, members: here, count }) {
    if (id) log.note(say("who", { count, names: list(here.map((one) => one.nick)) }));
  },
  rooms({ rooms }) {
    for (const { room, count, topic } of rooms) log.note(say("rooms", { room, count, topic }));
  },
  help({ commands }) {
    log.note(commands.map(({ usage, help }) => `${usage}  ${help}`).join("\n"), "note listing");
  },
  history({ events }) {
    if (!events.length) log.note(say("history.none"));
    log.note(events.map(({ nick, text }) => `<${nick}> ${text}`).join("\n"), "note listing");
  },
  gap({ from, to, reason }) {
    log.note(say(reason === "epoch" ? "gap.epoch" : "gap", { from, to }), "gap");
  },
  notice: ({ text }) => log.note(text),
  error: showError,
};

function showSaid(event) {
  typing.remove(event.nick);
  const own = Boolean(event.id && outbox.settle(event.id)) || event.nick === state.nick;
  log.add({ ...event, own });
}

function showError(error) {
  if (!isInside) join.refuse(error);
  else if (!(error.id && outbox.fail(error.id, error.text))) log.note(say("error", error), "error");
}

function showRoom(room, topic) {
  document.title = `#${room}`;
  const title = document.querySelector(".top-room");
  if (title) title.textContent = `#${room}`;
  const line = document.querySelector(".top-topic");
  if (line) line.textContent = topic;
  composer.name(room);
  composer.limit = state.limits.text_bytes;
}

connection.addEventListener("message", (event) => {
  const message = /** @type {CustomEvent} */ (event).detail;
  const room = state.room;
  if (!state.learn(message)) {
    if (message.id && outbox.settle(message.id)) log.remove(message.id);
    return;
  }
  if (message.kind === "welcome" && room && room !== message.room) changeRoom(message);
  SHOW[message.kind]?.(message);
  if (isInside) members.show(state);
});

/** Another room is another log: what stood here is not of it. */
function changeRoom({ room }) {
  state.seq = undefined;
  log.clear();
  history.replaceState(null, "", room === "lobby" ? "/" : `/r/${encodeURIComponent(room)}`);
}

connection.addEventListener("wait", (event) => {
  isInside = false;
  banner.waiting(/** @type {CustomEvent} */ (event).detail);
});
connection.addEventListener("closed", (event) => {
  isInside = false;
  if (/** @type {CustomEvent} */ (event).detail === REPLACED) banner.replaced();
});
banner.addEventListener("retry", () => connection.open());
addEventListener("online", () => wanted && connection.open());
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && wanted) connection.open();
});

join.addEventListener("join", (event) => {
  wanted = /** @type {CustomEvent} */ (event).detail;
  if (connection.isOpen) connection.send(hello());
  else connection.open();
});

composer.addEventListener("typing", () => isInside && connection.send({ kind: "typing" }));
composer.addEventListener("send", (event) => {
  const text = /** @type {CustomEvent} */ (event).detail.replace(/^／/, "/");
  if (text.startsWith("/") && !text.startsWith("//")) command(text);
  else post(text.replace(/^\/\//, "/"));
});

/** A command is for now: it waits in no outbox, and comes back to the box if it cannot be sent. */
function command(line) {
  const isSent = isInside && connection.send({ kind: "command", line, id: newId() });
  if (!isSent) composer.giveBack(line);
}

function post(text) {
  const { id } = outbox.post({ kind: "say", text });
  log.addPending({ kind: "say", nick: state.nick, text, at: Date.now(), door: "web", id, own: true });
}

outbox.addEventListener("change", (event) => {
  const { id, failed } = /** @type {CustomEvent} */ (event).detail;
  if (failed === null) log.retrying(id);
  else log.fail(id, failed === "late" ? "" : failed);
});
log.addEventListener("retry", (event) => outbox.retry(/** @type {CustomEvent} */ (event).detail));
log.addEventListener("delete", (event) => {
  const id = /** @type {CustomEvent} */ (event).detail;
  outbox.settle(id);
  log.remove(id);
});

join.open();
