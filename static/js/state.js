// @ts-check
/**
 * What is known of the room: who is here, what it is about, and how far we have read.
 * Messages in, knowledge out. Knows no DOM and no network.
 */

/** @typedef {import("./frames.js").Message} Message */

export class RoomState {
  nick = "";
  room = "";
  topic = "";
  /** @type {string | undefined} */
  epoch;
  /** @type {number | undefined} The last event of the log that was seen. */
  seq;
  count = 0;
  limits = { text_bytes: 4096, tcp_port: 0 };
  /** @type {Map<string, string>} nick -> door */
  members = new Map();

  /**
   * Learns from a message.
   * @param {Message} message
   * @returns {boolean} whether there is something new in it: false for an event seen before
   */
  learn(message) {
    if (message.seq !== undefined && message.text !== undefined) return this.#learnLogged(message);
    const learn = LEARN[message.kind];
    if (learn) learn(this, message);
    return true;
  }

  /** @param {Message} event */
  #learnLogged(event) {
    if (this.seq !== undefined && event.seq <= this.seq) return false;
    this.seq = event.seq;
    if (event.kind === "topic") this.topic = event.text;
    return true;
  }

  /** @param {{nick: string, door: string}[]} members @param {number} count */
  replaceMembers(members, count) {
    this.members = new Map(members.map(({ nick, door }) => [nick, door]));
    this.count = count;
  }
}

/** @type {Record<string, (state: RoomState, message: any) => void>} */
const LEARN = {
  welcome(state, { nick, room, epoch, topic, members, count, limits }) {
    Object.assign(state, { nick, room, epoch, topic, limits });
    state.replaceMembers(members, count);
  },
  members(state, { members, count }) {
    state.replaceMembers(members, count);
  },
  nick(state, { nick }) {
    state.nick = nick;
  },
  gap(state, { to, reason }) {
    state.seq = reason === "epoch" ? undefined : to;
  },
  presence(state, { left, renamed, joined, count }) {
    for (const nick of left) state.members.delete(nick);
    for (const { from, to } of renamed) {
      const door = state.members.get(from);
      state.members.delete(from);
      state.members.set(to, door ?? "");
    }
    for (const { nick, door } of joined) state.members.set(nick, door);
    state.count = count;
  },
};
