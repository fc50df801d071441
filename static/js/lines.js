// @ts-check
/** One row of the log as a node. What people wrote goes in as text, and nothing else. */

import { answer } from "./answers.js";
import { button, el, icon } from "./dom.js";
import { errorText, has, list, pieces, t } from "./i18n.js";
import { linkify } from "./linkify.js";
import { doorBadge, monogram, name } from "./people.js";
import { clock, full } from "./time.js";

/**
 * @typedef {import("./rows.js").Row} Row
 * @typedef {import("./state.js").Line} Line
 * @typedef {import("./outbox.js").Entry} Entry
 * @typedef {{nick: string, retry: (id: string) => void, edit: (id: string) => void,
 *   delete: (id: string) => void}} Context  `nick` is ours
 */

/** @param {Row} row @param {Context} context @returns {HTMLElement} */
export function node(row, context) {
  const line = /** @type {any} */ (row.line);
  if (row.type === "pending") return pending(line, row.head, context);
  const make = MAKE[row.type];
  return row.type === "day" ? item("day", el("span", {}, row.label)) : make(line, row.head);
}

/** @type {Record<string, (line: Line, head: boolean) => HTMLElement>} */
const MAKE = {
  say: message,
  act: (line) => {
    const text = el("p.text", { dir: "auto" }, "* ", name(line.nick), " ", ...linkify(line.text));
    return item(`act${line.own ? " own" : ""}`, text, when(line.at));
  },
  topic: (line) => note("topic", line.text
    ? pieces("line.topic", { nick: name(line.nick), text: el("bdi", {}, ...linkify(line.text)) })
    : pieces("line.untopic", { nick: name(line.nick) })),
  presence: (line) => note("presence", comings(line), "off"),
  gap: (line) => note("gap", [t(`line.gap.${line.reason}`, { from: line.from, to: line.to })]),
  dm,
  answer: (line) => item(`answer ${line.frame.kind}`, ...answer(line.frame)),
};

/** @param {Line} line @param {boolean} head */
function message(line, head) {
  const heard = el("span.sr", {}, name(line.nick), ": ");
  const by = head ? [monogram(line.nick), author(line)] : [heard];
  const text = el("p.text", { dir: "auto" }, ...linkify(line.text));
  const classes = `say${head ? " head" : ""}${line.own ? " own" : ""}`;
  return item(classes, ...by, text, head ? "" : when(line.at));
}

/** @param {Line} line */
function author(line) {
  const you = line.own ? [el("span.you", {}, t("own"))] : [];
  return el("p.by", {}, name(line.nick), ...you, doorBadge(line.door), when(line.at));
}

/** @param {Line} line */
function dm(line) {
  const words = line.own ? pieces("line.dm.to", { to: name(line.to) }) : [t("line.dm.from")];
  const how = el("span.how", {}, icon("lock"), ...words);
  const by = el("p.by", {}, name(line.from), how, when(line.at));
  const text = el("p.text", { dir: "auto" }, ...linkify(line.text));
  return item("dm head", monogram(line.from), by, text);
}

/** @param {Entry} entry @param {boolean} head @param {Context} context */
function pending(entry, head, context) {
  const { frame, text, at, state } = entry;
  const mine = { key: "", type: "say", own: true, nick: context.nick, door: "web" };
  const command = () => item("command", el("p.text", { dir: "auto" }, text));
  const li = frame.kind === "say" ? message({ ...mine, at, text: frame.text }, head) : command();
  li.classList.add("pending", state);
  for (const part of li.children) part.ariaLive = "off"; // its echo is read
  if (state === "failed") li.append(refusal(entry, context));
  else if (state === "queued") li.append(el("p.state", {}, t("pending.queued")));
  return li;
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

/** @param {Line} line */
function comings({ joined, left, renamed }) {
  const told = [];
  if (joined.length) told.push(pieces("line.joined", { n: joined.length, names: names(joined) }));
  if (left.length) told.push(pieces("line.left", { n: left.length, names: names(left) }));
  for (const { from, to } of renamed) {
    told.push(pieces("line.renamed", { from: name(from), to: name(to) }));
  }
  return told.flatMap((part, nth) => (nth ? [" · ", ...part] : part));
}

/** At most so many that a class coming in is one line. @param {string[]} nicks */
function names(nicks) {
  const shown = nicks.length > 6 ? nicks.slice(0, 5) : nicks;
  const others = nicks.length - shown.length;
  const tail = others ? [el("span", {}, t("line.others", { n: others }))] : [];
  return list([...shown.map(name), ...tail]);
}

/** @param {string} kind @param {(Node | string)[]} parts @param {string} [live] */
function note(kind, parts, live) {
  return item(`note ${kind}`, el("p", live ? { "aria-live": live } : {}, ...parts));
}

/** @param {number} at */
function when(at) {
  return el("time", { datetime: new Date(at).toISOString(), title: full(at) }, clock(at));
}

/**
 * A log is no list to those who hear it, so its lines have no role.
 * @param {string} classes @param {...(Node | string)} children
 */
function item(classes, ...children) {
  return el("li", { role: "none", class: classes }, ...children.filter((child) => child !== ""));
}
