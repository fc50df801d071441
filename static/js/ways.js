// @ts-check
/** The other ways in: a code for a phone's camera, a line for a terminal. Loaded when opened. */

import { copyNode } from "./copying.js";
import { button, byId, el } from "./dom.js";
import { t } from "./i18n.js";
import { link } from "./prose.js";

/** @param {string} room */
export async function showWays(room) {
  const query = new URLSearchParams({ room, scheme: location.protocol.slice(0, -1) });
  const { page, host, tcp_port: port, open } = await (await fetch(`/ways?${query}`)).json();
  const code = el("img.qr", { src: `/qr.svg?${query}`, alt: t("ways.qr", { page }) });
  const lines = port ? [
    el("h3", {}, t("ways.terminal")), line(`nc ${host} ${port}`),
    el("p.aside", {}, t("ways.curl")), line(`curl telnet://${bracketed(host)}:${port}`),
  ] : [];
  const post = `curl -d hello ${new URL(`/rooms/${encodeURIComponent(room)}/messages`, page)}`;
  byId("ways").replaceChildren(
    ...(open ? [] : [el("p.aside", {}, t("ways.closed"))]),
    el("h3", {}, t("ways.browser")), code, el("p", {}, link(page)),
    ...lines,
    el("h3", {}, t("ways.script")), line(post),
  );
}

/** @param {string} command */
function line(command) {
  const code = el("code", {}, command);
  const copy = button(t("ways.copy"), () => {
    if (copyNode(code)) copy.textContent = t("ways.copied");
  });
  return el("p.line", {}, code, copy);
}

/** @param {string} host */
function bracketed(host) {
  return host.includes(":") ? `[${host}]` : host;
}
