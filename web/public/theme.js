// Runs before the first paint, so that the page never flashes in the wrong theme; see src/app/theme.ts.
try {
  const theme = localStorage.getItem("ix-dummies:theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // storage is denied: the system's theme applies
}
