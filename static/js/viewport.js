// @ts-check
/**
 * Safari on phones moves the page under its keyboard instead of making it smaller. The height that
 * is left is said to the style sheet, where the others say it themselves (`interactive-widget`).
 */
export function followKeyboard() {
  const seen = globalThis.visualViewport;
  const root = document.documentElement;
  seen?.addEventListener("resize", () => {
    const isCovered = seen.scale === 1 && innerHeight - seen.height > 1;
    if (isCovered) root.style.setProperty("--seen", `${seen.height}px`);
    else root.style.removeProperty("--seen");
    if (isCovered) scrollTo(0, 0);
  });
}
