// Runs before the first paint.
{
  // the reader's theme and language; see src/app/theme.ts, src/i18n/language.ts
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

  // the texts that the view will ask for; see prerender.js, shell.js and src/api/early.ts
  const { strings, string } = document.currentScript.dataset;
  const [, id] = /^#\/string\/([\w-]+)$/.exec(location.hash) ?? [];
  const path = id ? string?.replace("*", id) : location.hash === "#/history" && strings;
  if (path) {
    const early = { path, answer: ask(path), arrived: false };
    window.early = early;
    early.answer.then(
      () => {
        early.arrived = true;
      },
      () => undefined,
    );
  }

  async function ask(path) {
    const signal = AbortSignal.timeout(10_000);
    const settings = await fetch("/settings.json", { signal });
    const { apiOrigin } = await settings.json();
    const answer = await fetch(apiOrigin + path, { signal });
    if (!answer.ok) throw new Error(answer.statusText);
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  }
}
