// @ts-check
/**
 * What the page knows, and how each frame of the server changes it. Pure: the same state and frame
 * give the same new state, nothing is changed in place, nothing here knows the page.
 *
 * `lines` is what the log shows, oldest first, the newest `CAP` of it. Each line has a `key` that
 * no other line ever has; an own message's is made of its id, so that the message on its way and
 * its echo are one thing that turns solid.
 */

import { fold, foldable } from "./presence.js";

/**
 * @typedef {import("./frames.js").Frame} Frame
 * @typedef {{key: string, type: string, at: number, own: boolean, [field: string]: any}} Line
 * @typedef {{
 *   phase: "outside" | "inside", live: boolean, nick: string, room: string, epoch: string,
 *   seq: number, topic: string, members: ReadonlyMap<string, string>, count: number,
 *   limits: {text_bytes: number, nick_chars: number, rate: number, tcp_port?: number},
 *   typing: ReadonlyMap<string, number>, lines: readonly Line[], made: number,
 * }} State  `members`: door by nick; `typing`: until when, by nick; `made`: lines without a seq.
 */

/** More in the document makes old phones slow. */
export const CAP = 400;
const TYPING_MS = 6_000;

/** @param {string} room @returns {State} */
export function initial(room) {
  return {
    phase: "outside", live: false, nick: "", room, epoch: "", seq: 0, topic: "",
    members: new Map(), count: 0, limits: { text_bytes: 4096, nick_chars: 32, rate: 5 },
    typing: new Map(), lines: [], made: 0,
  };
}

/** @param {State} state @param {Frame} frame @param {number} now ms @returns {State} */
export function reduce(state, frame, now) {
  const change = Object.hasOwn(ON, frame.kind) ? ON[frame.kind] : null;
  return change ? change(state, frame, now) : state;
}

/** The line is lost; what was read stays. @param {State} state @returns {State} */
export function broken(state) {
  return { ...state, live: false, typing: new Map() };
}

/** The person is at the door again. @param {State} state @returns {State} */
export function outside(state) {
  return { ...broken(state), phase: "outside" };
}

/** Forgets who has stopped typing. @param {State} state @param {number} now @returns {State} */
export function quieten(state, now) {
  const typing = new Map([...state.typing].filter(([, until]) => until > now));
  return typing.size === state.typing.size ? state : { ...state, typing };
}

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
  dm: (state, frame) => push(state, { ...frame, type: "dm", own: frame.from === state.nick }),
  gap,
  rooms: answered,
  history: answered,
  help: answered,
  notice: answered,
  error: answered,
};

/** @param {State} state @param {Frame} frame @returns {State} */
function welcome(state, frame) {
  const sameRoom = state.room === frame.room;
  const sameLog = sameRoom && state.epoch === frame.epoch;
  return {
    ...state, phase: "inside", live: false, nick: frame.nick, room: frame.room, epoch: frame.epoch,
    seq: sameLog ? state.seq : 0, topic: frame.topic, limits: frame.limits,
    members: doors(frame.members), count: frame.count, typing: new Map(),
    lines: sameRoom ? state.lines : [],
  };
}

/** @param {State} state @param {Frame} frame @returns {State} */
function logged(state, frame) {
  if (frame.seq <= state.seq) return state; // seen before the line broke
  const own = frame.nick === state.nick;
  const key = own && frame.id ? `o${frame.id}` : `${state.epoch}:${frame.seq}`;
  const typing = new Map(state.typing);
  typing.delete(frame.nick);
  return push({ ...state, seq: frame.seq, typing }, { ...frame, type: frame.kind, key, own });
}

/** @param {State} state @param {Frame} frame */
function newest(state, frame) {
  return frame.seq > state.seq ? frame.text : state.topic;
}

/** @param {State} state @param {Frame} frame @returns {State} */
function gap(state, frame) {
  const { from, to, reason } = frame;
  const line = { type: "gap", at: 0, own: false, from, to, reason };
  if (reason === "trimmed") return push({ ...state, seq: Math.max(state.seq, to) }, line);
  // What the old log had may come again, under other numbers: its keys must be free.
  const lines = state.lines.map((old) => ({ ...old, key: `${state.made} ${old.key}` }));
  return push({ ...state, seq: 0, lines }, line);
}

/** @param {State} state @param {Frame} frame @param {number} now @returns {State} */
function presence(state, frame, now) {
  const members = new Map(state.members);
  for (const nick of frame.left) members.delete(nick);
  for (const { from, to } of frame.renamed) {
    members.set(to, members.get(from) ?? "");
    members.delete(from);
  }
  for (const { nick, door } of frame.joined) members.set(nick, door);
  const known = { ...state, members, count: frame.count };
  const told = foldable(frame, state);
  if (!told) return known;
  const last = state.lines.at(-1);
  if (last?.type !== "presence") {
    return push(known, { ...told, type: "presence", at: frame.at ?? now, own: false });
  }
  const folded = fold(last, told);
  const before = state.lines.slice(0, -1);
  return { ...known, lines: folded ? [...before, folded] : before };
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
  const keyed = /** @type {Line} */ ({ key: `n${made}`, ...line });
  return { ...state, made, lines: [...state.lines, keyed].slice(-CAP) };
}

/** @param {{nick: string, door: string}[]} members */
function doors(members) {
  return new Map(members.map(({ nick, door }) => [nick, door]));
}
