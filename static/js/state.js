// @ts-check
/**
 * What the page knows, and how each frame of the server changes it. Pure: the same state and frame
 * give the same new state, nothing is changed in place, nothing here knows the page.
 *
 * `log` is a window on the room's log, without holes: its newest part as a rule, an older one while
 * somebody reads back (then `newest` is false, and `tail` has the newest). `loose` is what stands
 * in no log (who came, what was said to us alone), each line held to its place by `after`: the seq
 * that came before it. What was logged by a house that has been built anew is `past`.
 *
 * Each line has a `key` that no other line ever has; an own message's is made of its id, so that
 * the message on its way and its echo are one thing that turns solid.
 */

import { mentions } from "./mentions.js";
import { foldable } from "./presence.js";

/**
 * @typedef {import("./frames.js").Frame} Frame
 * @typedef {{key: string, type: string, at: number, own: boolean, [field: string]: any}} Line
 * @typedef {{
 *   phase: "door" | "room", live: boolean, nick: string, room: string, epoch: string,
 *   seq: number, base: number, topic: string, members: ReadonlyMap<string, string>, count: number,
 *   limits: {text_bytes: number, nick_chars: number, rate: number, tcp_port?: number},
 *   typing: ReadonlyMap<string, number>, made: number,
 *   log: readonly Line[], older: boolean, newest: boolean, tail: readonly Line[],
 *   loose: readonly Line[], past: readonly Line[], paging: Paging | null,
 *   reading: boolean, missed: number,
 *   away: boolean, divider: number, unread: number, mentioned: number,
 * }} State
 *   `base`: what was said up to it is history; `members`: door by nick; `typing`: until when, by
 *   nick; `made`: lines without a seq. `reading`: not at the end, and has `missed` so many.
 *   `away`: looks elsewhere; `divider`: the first seq that was not seen then.
 * @typedef {{id: string, where: "older" | "newer" | "around", target?: number}} Paging
 */

/** Of the log in the document: more makes old phones slow. */
export const CAP = 300;
const TAIL = 50;
const LOOSE = 300;
const TYPING_MS = 6_000;

/** @param {string} room @returns {State} */
export function initial(room) {
  return {
    phase: "door", live: false, nick: "", room, epoch: "", seq: 0, base: 0, topic: "",
    members: new Map(), count: 0, limits: { text_bytes: 4096, nick_chars: 32, rate: 5 },
    typing: new Map(), made: 0, log: [], older: false, newest: true, tail: [], loose: [], past: [],
    paging: null, reading: false, missed: 0, away: false, divider: 0, unread: 0, mentioned: 0,
  };
}

/** @param {State} state @param {Frame} frame @param {number} now ms @returns {State} */
export function reduce(state, frame, now) {
  const change = Object.hasOwn(ON, frame.kind) ? ON[frame.kind] : null;
  return change ? change(state, frame, now) : state;
}

// -- what the person does

/** The line is lost; what was read stays. @param {State} state @returns {State} */
export function broken(state) {
  return { ...state, live: false, typing: new Map(), paging: null };
}

/** The person is at the door again. @param {State} state @returns {State} */
export function outside(state) {
  return { ...state, phase: "door", nick: "", unread: 0, mentioned: 0 };
}

/** Another room: nothing of this one stays. @param {State} state @param {string} room */
export function elsewhere(state, room) {
  const { phase, nick, away } = state;
  return { ...initial(room), phase, nick, away };
}

/** Whether the end is out of sight. @param {State} state @param {boolean} reading */
export function reads(state, reading) {
  return { ...state, reading, missed: reading ? state.missed : 0 };
}

/** Back to the newest. @param {State} state @returns {State} */
export function toNewest(state) {
  const back = reads({ ...state, paging: null }, false);
  if (state.newest) return back;
  return { ...back, newest: true, older: true, log: state.tail };
}

/** Looks elsewhere, or is back. @param {State} state @param {boolean} away @returns {State} */
export function turns(state, away) {
  if (away === state.away) return state;
  if (away) return { ...state, away };
  const divider = state.unread ? state.divider : 0;
  return { ...state, away, divider, unread: 0, mentioned: 0 };
}

/** @param {State} state @param {Paging} paging what was asked for @returns {State} */
export function pages(state, paging) {
  return { ...state, paging };
}

/** Forgets who has stopped typing. @param {State} state @param {number} now @returns {State} */
export function quieten(state, now) {
  const typing = new Map([...state.typing].filter(([, until]) => until > now));
  return typing.size === state.typing.size ? state : { ...state, typing };
}

/** The loose lines that belong into the window. @param {State} state @returns {readonly Line[]} */
export function looseInSight({ log, older, newest, loose }) {
  const from = older && log.length ? log[0].seq - 1 : 0;
  const to = newest ? Infinity : (log.at(-1)?.seq ?? 0) - 1;
  return loose.filter(({ after }) => after >= from && after <= to);
}

// -- what the server says

/** @type {Record<string, (state: State, frame: Frame, now: number) => State>} */
const ON = {
  welcome,
  live: (state) => ({ ...state, live: true }),
  say: logged,
  act: logged,
  topic: (state, frame) => ({ ...logged(state, frame), topic: newest(state, frame) }),
  presence,
  typing,
  members: (state, frame, now) => ({
    ...(frame.id ? answered(state, frame, now) : state),
    members: doors(frame.members), count: frame.count,
  }),
  nick: (state, frame, now) => answered({ ...state, nick: frame.nick }, frame, now),
  dm,
  gap,
  history,
  found: answered,
  rooms: answered,
  help: answered,
  notice: answered,
  error: answered,
};

/**
 * Who only watches has no nick; the one that another tab has stays.
 * @param {State} state @param {Frame} frame @returns {State}
 */
function welcome(state, frame) {
  const { nick, room, epoch, topic, limits, members, count } = frame;
  const here = state.room === room ? state : elsewhere(state, room);
  const known = {
    ...here, live: false, nick: nick || state.nick, room, epoch, topic, limits,
    phase: nick ? /** @type {const} */ ("room") : state.phase,
    members: doors(members), count, typing: new Map(), paging: null,
  };
  if (nick && !here.nick) known.log = here.log.map((line) => ({ ...line, ...ours(known, line) }));
  const from = frame.seq - frame.replay;
  if (here.epoch !== epoch) return begun(known, here, frame.seq, from);
  return from <= here.seq ? known : skipped(known, from);
}

/** A log that we know nothing of. */
function begun(
  /** @type {State} */ known, /** @type {State} */ before,
  /** @type {number} */ head, /** @type {number} */ from,
) {
  // Its numbers may come again: the old lines need other keys.
  const old = [...before.past, ...before.log, ...looseInSight(before)];
  const past = old.map((line) => ({ ...line, key: `${before.made} ${line.key}` })).slice(-CAP);
  const empty = { log: [], tail: [], loose: [], newest: true, divider: 0 };
  const older = from > 0 && !past.length;
  return { ...known, ...empty, past, seq: from, base: head, older, made: before.made + 1 };
}

/** So much was missed that it is not sent: it can be read by paging back. */
function skipped(/** @type {State} */ known, /** @type {number} */ from) {
  const missed = from - known.seq;
  const unread = known.away ? known.unread + missed : 0;
  const divider = known.away && !known.unread ? known.seq + 1 : known.divider;
  return { ...known, log: [], tail: [], newest: true, older: true, seq: from, unread, divider };
}

/** @param {State} state @param {Frame} frame @returns {State} */
function logged(state, frame) {
  if (frame.seq <= state.seq) return state; // seen before the line broke
  const line = lineOf(state, frame);
  const typing = new Map(state.typing);
  typing.delete(frame.nick);
  const tail = [...state.tail, line].slice(-TAIL);
  return appended(counted({ ...state, seq: frame.seq, typing, tail }, line), line);
}

/** Who reads back is left in peace: the window grows no further than it may. */
function appended(/** @type {State} */ state, /** @type {Line} */ line) {
  if (!state.newest || line.seq <= (state.log.at(-1)?.seq ?? 0)) return state;
  if (state.reading && state.log.length >= CAP) return { ...state, newest: false };
  const log = [...state.log, line];
  return log.length > CAP ? { ...state, log: log.slice(-CAP), older: true } : { ...state, log };
}

/** @param {State} state @param {Line} line @returns {State} */
function counted(state, line) {
  const isNew = line.type === "dm" || line.seq > state.base;
  if (line.own || !isNew) return state;
  const missed = state.reading ? state.missed + 1 : 0;
  if (!state.away) return { ...state, missed };
  const divider = state.unread ? state.divider : state.seq;
  const mentioned = state.mentioned + Number(Boolean(line.mention));
  return { ...state, missed, divider, mentioned, unread: state.unread + 1 };
}

/** @param {State} state @param {Frame} frame @returns {Line} */
function lineOf(state, frame) {
  const { own, mention } = ours(state, frame);
  const key = own && frame.id ? `o${frame.id}` : `${state.epoch}:${frame.seq}`;
  return /** @type {any} */ ({ ...frame, type: frame.kind, key, own, mention });
}

/** What it has to do with us. @param {State} state @param {any} said */
function ours({ nick, members }, said) {
  const own = said.nick === nick;
  return { own, mention: !own && mentions(said.text ?? "", nick, members) };
}

/** @param {State} state @param {Frame} frame */
function newest(state, frame) {
  return frame.seq > state.seq ? frame.text : state.topic;
}

/**
 * A page that was asked for, or the answer to a command.
 * @param {State} state @param {Frame} frame @param {number} now @returns {State}
 */
function history(state, frame, now) {
  const { paging } = state;
  if (!paging || paging.id !== frame.id) return answered(state, frame, now);
  const page = frame.events.map((/** @type {Frame} */ event) => lineOf(state, event));
  const read = { ...PAGED[paging.where](state, page, frame.more), paging: null };
  return frame.gaps.filter(isLost).reduce(lost, read);
}

/** @type {Record<Paging["where"], (state: State, page: Line[], more: boolean) => State>} */
const PAGED = {
  older(state, page, more) {
    const log = [...page, ...state.log];
    if (log.length <= CAP) return { ...state, log, older: more };
    return { ...state, log: log.slice(0, CAP), older: more, newest: false };
  },
  newer(state, page, more) {
    const log = [...state.log, ...page];
    const newest = !more || (log.at(-1)?.seq ?? 0) >= state.seq;
    if (log.length <= CAP) return { ...state, log, newest };
    return { ...state, log: log.slice(-CAP), older: true, newest };
  },
  around(state, page) {
    if (!page.length) return state;
    const newest = page[page.length - 1].seq >= state.seq;
    return { ...state, log: page, older: page[0].seq > 1, newest };
  },
};

/** @param {State} state @param {Frame} frame @param {number} now @returns {State} */
function dm(state, frame, now) {
  const own = frame.from === state.nick;
  const line = { ...frame, type: "dm", key: "", at: frame.at ?? now, own, mention: !own };
  return push(counted(state, line), line);
}

/** @param {State} state @param {Frame} frame @returns {State} */
function gap(state, frame) {
  const { from, to, reason } = frame;
  if (reason === "epoch") return push(state, { type: "gap", at: 0, own: false, reason });
  const read = { ...state, seq: Math.max(state.seq, to) };
  if (isLost(frame)) return lost(read, frame);
  return push(read, { type: "gap", at: 0, own: false, from, to, reason });
}

/** @param {any} gap */
const isLost = ({ reason }) => reason === "lost";

/**
 * Messages that the log cannot read, at their place, however often it is said.
 * @param {State} state @param {any} gap @returns {State}
 */
function lost(state, { from, to, reason }) {
  const key = `${state.epoch}:lost ${from}`;
  const line = /** @type {any} */ ({ type: "gap", at: 0, own: false, from, to, reason, key, after: to });
  const others = state.loose.filter((each) => each.key !== key);
  const place = others.findIndex(({ after }) => after > to);
  others.splice(place < 0 ? others.length : place, 0, line);
  return { ...state, loose: others.slice(-LOOSE) };
}

/** @param {State} state @param {Frame} frame @param {number} now @returns {State} */
function presence(state, frame, now) {
  const members = new Map(state.members);
  let { nick } = state;
  for (const gone of frame.left) members.delete(gone);
  for (const { from, to } of frame.renamed) {
    members.set(to, members.get(from) ?? "");
    members.delete(from);
    if (from === nick) nick = to; // in another tab of ours
  }
  for (const { nick: come, door } of frame.joined) members.set(come, door);
  const known = { ...state, nick, members, count: frame.count };
  const told = foldable(frame, state);
  if (!told) return known;
  return push(known, { ...told, type: "presence", at: frame.at ?? now, own: false });
}

/** @param {State} state @param {Frame} frame @param {number} now @returns {State} */
function typing(state, frame, now) {
  if (frame.nick === state.nick) return state;
  return { ...state, typing: new Map(state.typing).set(frame.nick, now + TYPING_MS) };
}

/** What is said to us alone. @param {State} state @param {Frame} frame @param {number} now */
function answered(state, frame, now) {
  return push(state, { type: "answer", at: now, own: false, frame });
}

/** @param {State} state @param {Record<string, any>} line @returns {State} */
function push(state, line) {
  const made = state.made + 1;
  const loose = [...state.loose, /** @type {any} */ ({ ...line, key: `n${made}`, after: state.seq })];
  if (loose.length <= LOOSE) return { ...state, made, loose };
  // Who came and went is forgotten first: a private word is nowhere else.
  const victim = Math.max(loose.findIndex(({ type }) => type === "presence"), 0);
  return { ...state, made, loose: loose.filter((_, nth) => nth !== victim) };
}

/** @param {{nick: string, door: string}[]} members */
function doors(members) {
  return new Map(members.map(({ nick, door }) => [nick, door]));
}
