// @ts-check
/**
 * The conversation, as a list. It owns the list's nodes and the scroll position, and makes nodes
 * only from templates and text: what people write is never read as HTML.
 *
 * Whether to stick to the end is decided before a node is added, not after: the node itself moves
 * the end away.
 */
import { clock, day, full, isSameDay } from "./time.js";
import { doorName, list, say, sayCount } from "./i18n.js";
import { linkify } from "./linkify.js";
import { colorOf } from "./nick.js";

const NEAR_END = 50; // px, as The Lounge and Campfire have it; a fraction of zoom must not count
const GROUP = 5 * 60_000; // ms within which one author's messages stand together
const MOST_NODES = 400;
const GREY_AFTER = 300; // ms: on a fast network a message never looks unsent

/** @typedef {{kind: string, nick: string, text: string, at: number, door?: string, id?: string | null, own: boolean}} Shown */

export class Log extends EventTarget {
  #list;
  #scroller;
  #pill;
  #template;
  /** @type {Shown | null} */
  #last = null;
  /** @type {Map<string, HTMLElement>} own messages without an answer, by id */
  #pending = new Map();
  #missed = 0;
  /** @type {{node: HTMLElement, joined: string[], left: string[]} | null} */
  #comings = null;

  constructor() {
    super();
    this.#list = /** @type {HTMLElement} */ (document.querySelector(".log"));
    this.#scroller = /** @type {HTMLElement} */ (document.querySelector(".scroller"));
    this.#pill = /** @type {HTMLElement} */ (document.querySelector(".pill"));
    this.#template = /** @type {HTMLTemplateElement} */ (document.querySelector("#message"));
    this.#scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.#pill.addEventListener("click", () => this.toEnd());
    new ResizeObserver(() => this.#missed || this.#away || this.toEnd()).observe(this.#scroller);
  }

  #away = false;

  /** A message or an action. @param {Shown} shown */
  add(shown) {
    const pending = shown.id && this.#pending.get(shown.id);
    if (pending) this.#drop(shown.id ?? "", pending); // it goes to its place in the order
    this.#separateDays(shown.at);
    this.#append(shown.kind === "act" ? this.#action(shown) : this.#message(shown), true);
    this.#last = shown;
    this.#pendingToEnd();
  }

  /** An own message that is on its way. @param {Shown} shown */
  addPending(shown) {
    const node = this.#message(shown);
    node.classList.add("own", "pending");
    node.dataset.id = shown.id ?? "";
    this.#pending.set(shown.id ?? "", node);
    setTimeout(() => node.classList.add("late"), GREY_AFTER);
    this.#append(node, false);
    this.toEnd();
  }

  /** It was not sent, and this is why. @param {string} id @param {string} why */
  fail(id, why) {
    const node = this.#pending.get(id);
    if (!node) return;
    const stuck = !this.#away;
    node.querySelector(".failure")?.remove();
    node.classList.add("failed");
    node.append(this.#failure(id, why));
    if (stuck) this.toEnd();
  }

  /** It is being sent again. @param {string} id */
  retrying(id) {
    const node = this.#pending.get(id);
    node?.classList.remove("failed");
    node?.querySelector(".failure")?.remove();
  }

  /** It was answered otherwise than by being said, or taken back. @param {string} id */
  remove(id) {
    const node = this.#pending.get(id);
    if (node) this.#drop(id, node);
  }

  /** A word of the server's. @param {string} text @param {string} [kind] */
  note(text, kind = "note") {
    const node = document.createElement("li");
    node.className = kind;
    node.dir = "auto";
    if (kind === "error") node.setAttribute("role", "alert");
    node.append(...linkify(text));
    this.#append(node, kind !== "presence");
    this.#last = null;
    this.#pendingToEnd();
    return node;
  }

  /** Who came and went; one line for those who did so one after the other. */
  comings({ joined, left, renamed }) {
    for (const { from, to } of renamed) this.note(say("renamed", { from, to }), "presence");
    if (!joined.length && !left.length) return;
    if (!this.#comings || this.#list.lastElementChild !== this.#comings.node) {
      this.#comings = { node: this.note("", "presence"), joined: [], left: [] };
    }
    const told = this.#comings;
    told.left = [...told.left.filter((nick) => !joined.some((one) => one.nick === nick)), ...left];
    const came = joined.map((one) => one.nick).filter((nick) => !told.joined.includes(nick));
    told.joined = [...told.joined.filter((nick) => !left.includes(nick)), ...came];
    told.node.textContent = comingsInWords(told);
    told.node.hidden = !told.node.textContent;
    if (!this.#away) this.toEnd();
  }

  toEnd() {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#scrolled();
  }

  clear() {
    this.#list.replaceChildren();
    this.#pending.clear();
    this.#last = null;
  }

  // -- nodes

  #message(shown) {
    const node = /** @type {HTMLElement} */ (
      /** @type {DocumentFragment} */ (this.#template.content.cloneNode(true)).firstElementChild
    );
    const nick = node.querySelector(".nick");
    if (nick) nick.textContent = shown.nick;
    nick?.classList.add(colorOf(shown.nick));
    node.querySelector(".text")?.append(...this.#textOf(shown));
    const door = node.querySelector(".door");
    if (door) door.textContent = doorName(shown.door ?? "");
    this.#stamp(node, shown.at);
    node.classList.toggle("own", shown.own);
    node.classList.toggle("follows", this.#follows(shown));
    return node;
  }

  #textOf(shown) {
    if (!shown.own) return linkify(shown.text);
    const own = document.createElement("span");
    own.className = "hidden";
    own.textContent = `${say("own")} `;
    return [own, ...linkify(shown.text)];
  }

  #stamp(node, at) {
    const time = node.querySelector("time");
    time.textContent = clock(at);
    time.dateTime = new Date(at).toISOString();
    time.title = full(at);
  }

  #action(shown) {
    const node = document.createElement("li");
    node.className = "action";
    node.dir = "auto";
    const nick = document.createElement("bdi");
    nick.className = `nick ${colorOf(shown.nick)}`;
    nick.textContent = shown.nick;
    node.append("* ", nick, " ", ...linkify(shown.text));
    node.title = full(shown.at);
    return node;
  }

  #failure(id, why) {
    const box = document.createElement("p");
    box.className = "failure";
    box.setAttribute("role", "alert");
    box.append(`${say("not.sent")}${why ? `: ${why}` : ""} `, this.#button("retry", id), " ", this.#button("delete", id));
    return box;
  }

  #button(what, id) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "quiet";
    button.textContent = say(what);
    button.addEventListener("click", () => this.dispatchEvent(new CustomEvent(what, { detail: id })));
    return button;
  }

  #follows(shown) {
    const last = this.#last;
    return (
      last?.kind === "say" && last.nick === shown.nick && last.door === shown.door &&
      shown.at - last.at < GROUP && isSameDay(shown.at, last.at)
    );
  }

  #separateDays(at) {
    if (this.#day !== undefined && isSameDay(this.#day, at)) return;
    this.#day = at;
    const node = document.createElement("li");
    node.className = "day";
    node.textContent = day(at);
    this.#append(node, false);
    this.#last = null;
  }

  /** @type {number | undefined} */
  #day;

  // -- the list

  #append(node, counts) {
    const stuck = !this.#away;
    this.#list.append(node);
    while (this.#list.childElementCount > MOST_NODES && stuck) this.#list.firstElementChild?.remove();
    if (stuck) this.toEnd();
    else if (counts) this.#miss();
  }

  #drop(id, node) {
    this.#pending.delete(id);
    node.remove();
  }

  /** What is not in the order yet stands behind all that is. */
  #pendingToEnd() {
    for (const node of this.#pending.values()) this.#list.append(node);
  }

  #miss() {
    this.#missed += 1;
    this.#showPill();
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    this.#away = scrollHeight - scrollTop - clientHeight > NEAR_END;
    if (!this.#away) this.#missed = 0;
    this.#showPill();
  }

  #showPill() {
    this.#pill.hidden = !this.#away;
    this.#pill.textContent = this.#missed ? sayCount("pill", this.#missed) : say("pill.none");
  }
}

function comingsInWords({ joined, left }) {
  const words = [];
  if (joined.length) words.push(say("joined", { names: list(joined) }));
  if (left.length) words.push(say("left", { names: list(left) }));
  return words.join(" · ");
}
