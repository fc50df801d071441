// @ts-check
/** Rooms and their addresses: `/` is the lobby, `/r/NAME` any other. */

const LOBBY = "lobby";

/** @returns {string} the room of the address that the browser shows */
export function here() {
  const name = /^\/r\/([^/]+)/.exec(location.pathname)?.[1];
  return name ? decodeURIComponent(name).normalize("NFC").toLowerCase() : LOBBY;
}

/** @param {string} room */
export function pathOf(room) {
  return room === LOBBY ? "/" : `/r/${encodeURIComponent(room)}`;
}

/** Makes the browser show where we are; going back from there works. @param {string} room */
export function show(room) {
  if (here() !== room) history.pushState(null, "", pathOf(room) + location.search);
}
