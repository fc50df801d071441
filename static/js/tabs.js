// @ts-check
/**
 * The tabs of one browser are one person. One of them is the member, the one that was used last;
 * the others only watch, and take over when they are used (see main.js). Here they tell each other
 * what a watcher cannot see: that somebody is inside, has left, or that the member's tab is closed.
 *
 * Fires `inside` (detail: the name under which another tab is in), `left` and `closed`.
 */

export class Tabs extends EventTarget {
  #channel = "BroadcastChannel" in globalThis ? new BroadcastChannel("oneroom") : null;

  /** @param {() => string} inside the name under which this tab is the member; empty: it is not */
  constructor(inside) {
    super();
    this.inside = inside;
    this.#channel?.addEventListener("message", ({ data }) => this.#heard(data));
    addEventListener("pagehide", () => inside() && this.#tell("closed"));
  }

  /** Is anybody in there? */
  ask() {
    this.#tell("ask");
  }

  /** The person has left the room, by this tab. */
  leave() {
    this.#tell("left");
  }

  /** @param {{kind: string, nick: string}} told */
  #heard({ kind, nick }) {
    if (kind !== "ask") this.dispatchEvent(new CustomEvent(kind, { detail: nick }));
    else if (this.inside()) this.#tell("inside");
  }

  /** @param {string} kind */
  #tell(kind) {
    this.#channel?.postMessage({ kind, nick: this.inside() });
  }
}
