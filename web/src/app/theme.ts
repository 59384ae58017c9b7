import { saveChoice, savedChoice } from "../choices/choice";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

/** Applies the saved theme; public/early.js has done so before the first paint, if it could be loaded. */
export function restoreTheme(): void {
  const theme = savedChoice("theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
}

export function chosenTheme(): Theme {
  const { theme } = globalThis.document?.documentElement.dataset ?? {};
  return theme === "light" || theme === "dark" ? theme : "system";
}

export function chooseTheme(theme: Theme): void {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  saveChoice("theme", theme);
}
