// Runs before the first paint, so that the page never flashes in the wrong theme; src/app/theme.ts does the rest.
try {
  const theme = localStorage.getItem("ix-dummies:theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // without storage the system's theme is shown
}
