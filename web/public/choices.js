// Runs before the first paint, so that it has the reader's theme and language; see src/app/theme.ts, src/i18n/language.ts.
{
  const root = document.documentElement;
  let language = null;
  try {
    const theme = localStorage.getItem("ix-dummies:theme");
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    language = localStorage.getItem("ix-dummies:language");
  } catch {
    // storage is denied: the system's theme and the browser's language apply
  }
  const preferred = language === null ? navigator.languages : [language];
  root.lang =
    preferred.map((tag) => tag.toLowerCase().split("-")[0]).find((tag) => /^(en|ko)$/.test(tag)) ?? "en";
}
