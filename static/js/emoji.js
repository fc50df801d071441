// @ts-check
/** The names of emoji, fetched when somebody types the first colon: a list of "name picture". */

/** @type {readonly string[]} */
let names = [];
let fetched = "";

/**
 * @param {string} language besides English
 * @param {() => void} here calls back when they have come
 * @returns {readonly string[]} none yet, perhaps
 */
export function emoji(language, here) {
  if (fetched !== language) {
    fetched = language;
    fetchAll([...new Set(["en", language])]).then(here);
  }
  return names;
}

/** @param {string[]} languages */
async function fetchAll(languages) {
  const answers = languages.map((language) => fetch(`/static/i18n/emoji.${language}.json`));
  try {
    names = (await Promise.all(answers.map(async (answer) => (await answer).json()))).flat();
  } catch {
    fetched = ""; // without a line; the next colon asks again
  }
}
