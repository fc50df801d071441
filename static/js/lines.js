// @ts-check
/** One row of the log as a node. What people wrote goes in as text, and nothing else. */

import { answer } from "./answers.js";
import { button, el, icon } from "./dom.js";
import { errorText, has, list, pieces, t } from "./i18n.js";
import { doorBadge, monogram, name } from "./people.js";
import { prose, words } from "./prose.js";
import { clock, full } from "./time.js";

/**
 * @typedef {import("./rows.js").Row} Row
 * @typedef {import("./state.js").Line} Line
 * @typedef {import("./outbox.js").Entry} Entry
 * @typedef {{nick: string, retry: (id: string) => void, edit: (id: string) => void,
 *   delete: (id: string) => void}} Context  `nick` is ours
 */

/** More names than these stand behind a button. */
const NAMES = 6;

/** @param {Row} row @param {Context} context @returns {HTMLElement} */
export function node(row, context) {
  const line = /** @type {any} */ (row.line);
  if (row.type === "pending") return pending(line, row.head, context);
  if (row.type === "day") return item("day", el("h2", {}, row.label));
  return MAKE[row.type](line, row.head);
}

/** @type {Record<string, (line: Line, head: boolean) => HTMLElement>} */
const MAKE = {
  unread: () => item("unread", el("h2", {}, t("line.unread"))),
  say: message,
  act: (line) => {
    const text = el("p", {}, "* ", name(line.nick), " ", words(line.text));
    return item(`act${marks(line)}`, text, when(line.at));
  },
  topic: (line) => note("topic", line.text
    ? pieces("line.topic", { nick: name(line.nick), text: words(line.text) })
    : pieces("line.untopic", { nick: name(line.nick) })),
  presence: (line) => {
    const told = note("presence", comings(line));
    told.ariaLive = "off";
    return told;
  },
  gap: (line) => note("gap", [t(`line.gap.${line.reason}`, { from: line.from, to: line.to })]),
  dm,
  answer: (line) => item(`answer ${line.frame.kind}`, ...answer(line.frame)),
};

/** @param {Line} line @param {boolean} head */
function message(line, head) {
  const heard = el("span.sr", {}, name(line.nick), ": ");
  const by = head ? [monogram(line.nick), author(line)] : [heard];
  return item(`say${head ? " head" : ""}${marks(line)}`, ...by, prose(line.text),
    head ? "" : when(line.at));
}

/** @param {Line} line */
function marks(line) {
  return `${line.own ? " own" : ""}${line.mention ? " mention" : ""}`;
}

/** @param {Line} line */
function author(line) {
  const you = line.own ? [el("span.you", {}, t("own"))] : [];
  const called = line.mention ? [el("span.you", {}, t("line.mention"))] : [];
  return el("p.by", {}, name(line.nick), ...you, ...called, doorBadge(line.door), when(line.at));
}

/** @param {Line} line */
function dm(line) {
  const said = line.own ? pieces("line.dm.to", { to: name(line.to) }) : [t("line.dm.from")];
  const how = el("span.how", {}, icon("lock"), ...said);
  const by = el("p.by", {}, name(line.from), how, when(line.at));
  return item("dm head", monogram(line.from), by, prose(line.text));
}

/** @param {Entry} entry @param {boolean} head @param {Context} context */
function pending(entry, head, context) {
  const { frame, text, at, state } = entry;
  const mine = { key: "", type: "say", own: true, nick: context.nick, door: "web" };
  const command = () => item("command", el("p.text", { dir: "auto" }, text));
  const it = frame.kind === "say" ? message({ ...mine, at, text: frame.text }, head) : command();
  it.classList.add("pending", state);
  for (const part of it.children) part.ariaLive = "off"; // its echo is read
  if (state === "failed") it.append(refusal(entry, context));
  else if (state === "queued") it.append(el("p.state", {}, t("pending.queued")));
  return it;
}

/** @param {Entry} entry @param {Context} context */
function refusal({ id, reason }, context) {
  const code = reason?.code ?? "late";
  const text = reason?.text ?? "";
  const why = has(`pending.${code}`) ? t(`pending.${code}`) : errorText({ code, text });
  return el(
    "p.state", { role: "alert" }, el("span", {}, why),
    button(t("pending.retry"), () => context.retry(id)),
    button(t("pending.edit"), () => context.edit(id)),
    button(t("pending.delete"), () => context.delete(id)),
  );
}

/** @param {Line} line @returns {(Node | string)[]} */
function comings({ joined, left, renamed }) {
  const told = [];
  if (joined.length) told.push(pieces("line.joined", { n: joined.length, names: names(joined) }));
  if (left.length) told.push(pieces("line.left", { n: left.length, names: names(left) }));
  for (const { from, to } of renamed) {
    told.push(pieces("line.renamed", { from: name(from), to: name(to) }));
  }
  return told.flatMap((part, nth) => (nth ? [" · ", ...part] : part));
}

/** A class that comes in is one line, and who wants to see all of it opens it. */
/** @param {string[]} nicks */
function names(nicks) {
  if (nicks.length <= NAMES) return list(nicks.map(name));
  const shown = nicks.slice(0, NAMES - 1).map(name);
  const others = nicks.slice(NAMES - 1);
  const more = button(t("line.others", { n: others.length }), () => {
    more.replaceWith(...list(others.map(name)));
  });
  return list([...shown, more]);
}

/** @param {string} kind @param {(Node | string)[]} parts */
function note(kind, parts) {
  return item(`note ${kind}`, el("p", {}, ...parts));
}

/** @param {number} at */
function when(at) {
  return el("time", { datetime: new Date(at).toISOString(), title: full(at) }, clock(at));
}

/**
 * No list item: a log is none to those who hear it. Arrow keys move from one to the next.
 * @param {string} classes @param {...(Node | string)} children
 */
function item(classes, ...children) {
  const shown = children.filter((child) => child !== "");
  return el("div", { class: classes, tabindex: "-1" }, ...shown);
}
