// @ts-check
/**
 * What goes over the wire: JSON objects, one a line, several lines to a message.
 * docs/protocol.md is the table. Nothing here knows the page.
 */

/** @typedef {{kind: string, id?: string | null, [field: string]: any}} Frame */

/**
 * The frames of one WebSocket message. What is no JSON object is passed over, as the protocol asks.
 * @param {string} text
 * @returns {Frame[]}
 */
export function decode(text) {
  return text.split("\n").map(decodeLine).filter((frame) => frame !== null);
}

/** @param {Frame} frame */
export function encode(frame) {
  return JSON.stringify(frame);
}

/**
 * What a typed text becomes: a command behind a slash (full-width too, as Chinese input methods
 * give it), else something to say. A doubled slash says the slash.
 * @param {string} text
 * @returns {Frame}
 */
export function typed(text) {
  if (!/^[/／]/.test(text)) return { kind: "say", text };
  if (/^[/／]{2}/.test(text)) return { kind: "say", text: `/${text.slice(2)}` };
  return { kind: "command", line: `/${text.slice(1)}` };
}

/**
 * A string that nobody guesses. Not `randomUUID`: browsers take that away on plain http, which is
 * how a class on one network comes in.
 * @param {number} bytes
 */
export function random(bytes) {
  const drawn = crypto.getRandomValues(new Uint8Array(bytes));
  return Array.from(drawn, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @param {string} line @returns {Frame | null} */
function decodeLine(line) {
  if (!line.startsWith("{")) return null;
  try {
    const frame = JSON.parse(line);
    return typeof frame.kind === "string" ? frame : null;
  } catch {
    return null;
  }
}
