// @ts-check
/** Who is here, by which door, and how a terminal comes in. */
import { doorName, say, sayCount } from "./i18n.js";
import { colorOf } from "./nick.js";

export class Members {
  #room = /** @type {HTMLElement} */ (document.querySelector("#room"));
  #button = /** @type {HTMLButtonElement} */ (document.querySelector(".top-members"));
  #count = /** @type {HTMLElement} */ (document.querySelector(".top-count"));
  #doors = /** @type {HTMLElement} */ (document.querySelector(".members-doors"));
  #list = /** @type {HTMLElement} */ (document.querySelector(".members-list"));
  #terminal = /** @type {HTMLElement} */ (document.querySelector(".members-terminal"));

  constructor() {
    this.#button.addEventListener("click", () => this.#toggle());
    this.#room.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.isComposing) this.#toggle(false);
    });
  }

  /** @param {import("./state.js").RoomState} state */
  show(state) {
    this.#count.textContent = sayCount("here", state.count);
    this.#doors.textContent = doorsInWords(state.members);
    const own = [...state.members].filter(([nick]) => nick === state.nick);
    const others = [...state.members].filter(([nick]) => nick !== state.nick);
    others.sort(([one], [other]) => one.localeCompare(other));
    this.#list.replaceChildren(...[...own, ...others].map(([nick, door]) => item(nick, door, nick === state.nick)));
    const more = state.count - state.members.size;
    if (more > 0) this.#list.append(plain(sayCount("members.more", more)));
    this.#showTerminal(state.limits.tcp_port);
  }

  #showTerminal(port) {
    this.#terminal.hidden = !port;
    const code = this.#terminal.querySelector("code");
    if (code) code.textContent = `nc ${location.hostname} ${port}`;
  }

  #toggle(open = !this.#room.classList.contains("with-members")) {
    this.#room.classList.toggle("with-members", open);
    this.#button.setAttribute("aria-expanded", String(open));
  }
}

function item(nick, door, isOwn) {
  const node = document.createElement("li");
  const name = document.createElement("bdi");
  name.className = `nick ${colorOf(nick)}`;
  name.textContent = nick;
  const badge = document.createElement("span");
  badge.className = "door";
  badge.textContent = isOwn ? `${say("members.you")} · ${doorName(door)}` : doorName(door);
  node.append(name, badge);
  return node;
}

function plain(text) {
  const node = document.createElement("li");
  node.className = "more";
  node.textContent = text;
  return node;
}

function doorsInWords(members) {
  const counts = new Map();
  for (const door of members.values()) counts.set(door, (counts.get(door) ?? 0) + 1);
  return [...counts].sort().map(([door, count]) => `${count} ${doorName(door)}`).join(" · ");
}
