import { saveChoice } from "../choices/choice";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

/** The saved theme, which public/early.js has applied before the first paint. */
export function chosenTheme(): Theme {
  const { theme } = globalThis.document?.documentElement.dataset ?? {};
  return theme === "light" || theme === "dark" ? theme : "system";
}

export function chooseTheme(theme: Theme): void {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  saveChoice("theme", theme);
}
