// @ts-check
/** Day or night as it was chosen, before anything is shown: no module, so that it comes first. */
try {
  const { theme } = JSON.parse(localStorage.getItem("oneroom.settings") ?? "{}");
  document.documentElement.dataset.theme = theme;
} catch {
  // nothing is kept here: as the system has it
}
