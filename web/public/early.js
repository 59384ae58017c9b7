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

  // the page's code, or a part of it, is not there, as during a rollout: the shell says so
  const onError = ({ target }) => {
    if (target.localName === "script") root.dataset.stopped = "";
  };
  addEventListener("error", onError, true);

  // the texts that the view will ask for; see prerender.js, shell.js and src/api/early.ts
  const { strings, string } = document.currentScript.dataset;
  const [, id] = /^#\/string\/([\w-]+)$/.exec(location.hash) ?? [];
  const path = id ? string?.replace("*", id) : location.hash === "#/history" && strings;
  if (path) {
    const early = { hash: location.hash, path, answer: ask(path), arrivedAt: null };
    window.early = early;
    const note = ({ status }) => {
      if (status === 200) early.arrivedAt = performance.now();
    };
    early.answer.then(note, () => undefined);
    const forget = () => {
      window.early = undefined;
    };
    addEventListener("hashchange", forget, { once: true });
  }

  /** See src/api/readToken.ts. */
  function asReader() {
    try {
      const token = sessionStorage.getItem("ix-dummies:read-token");
      return token === null ? {} : { Authorization: `Bearer ${token}` };
    } catch {
      return {};
    }
  }

  /** Gives up when nothing comes for 10 s, or not all of a text within 30 s. */
  async function ask(path) {
    const silence = new AbortController();
    const expectNews = (within) =>
      setTimeout(() => silence.abort(new DOMException(path, "TimeoutError")), within);
    let timer = expectNews(10_000);
    try {
      const settings = await fetch("/settings.json", silence);
      const { apiOrigin } = await settings.json();
      if (typeof apiOrigin !== "string") throw new TypeError("/settings.json names no apiOrigin");
      const answer = await fetch(apiOrigin + path, { signal: silence.signal, headers: asReader() });
      clearTimeout(timer);
      timer = expectNews(30_000);
      return { status: answer.status, headers: answer.headers, text: await answer.text() };
    } finally {
      clearTimeout(timer);
    }
  }
}
