// Shows the beginning of the view that the address selects, until the page's code has loaded; see src/shell/shells.tsx.
{
  const root = document.getElementById("root");
  const view = viewOf(location.hash);
  const sheets = view ? [...contentOf("styles of other views").children] : [];
  const styled = Promise.all(sheets.map(loaded));
  styled.catch(() => undefined);
  showShell();
  addEventListener("hashchange", () => {
    if (root.querySelector(":scope > [data-shell]")) showShell();
  });
  document.head.append(...sheets);
  // on a slow line, the texts come before the code
  showTexts()
    .catch(() => undefined)
    .finally(() => {
      document.head.append(contentOf("code of every view"));
      if (view) for (const { href } of contentOf("code of other views").children) fetchEarly(href);
    });

  /** Fetches a file into the cache. A preload that failed would be all that a later import gets. */
  function fetchEarly(url) {
    fetch(url).catch(() => undefined);
  }

  function viewOf(hash) {
    const [, path] = /^#?\/?([^?]*)/.exec(hash);
    return path.replace(/^string\/[\w-]+$/, "string/*");
  }

  function contentOf(id) {
    return document.getElementById(id)?.content.cloneNode(true) ?? new DocumentFragment();
  }

  function showShell() {
    const shell = contentOf(`shell ${document.documentElement.lang} #/${viewOf(location.hash)}`);
    root.replaceChildren(shell);
  }

  function loaded(sheet) {
    return new Promise((resolve, reject) => {
      sheet.onload = resolve;
      sheet.onerror = () => {
        // so that the page's code requests it again
        sheet.remove();
        reject(new Error(sheet.href));
      };
    });
  }

  /** Shows the texts that early.js has asked for, if any. If that fails, the page's code asks again, and says what is wrong. */
  async function showTexts() {
    const place = root.querySelector("template");
    const { early } = window;
    if (!place || early?.hash !== location.hash) return;
    const [answer] = await Promise.all([early.answer, styled]);
    if (answer.status !== 200) return;
    const { items, ...string } = JSON.parse(answer.text);
    const pattern = place.content.querySelector("[data-each]");
    pattern.replaceWith(...(items ?? [string]).map((string) => filled(pattern, string)));
    place.replaceWith(place.content);
  }

  function filled(pattern, { text, truncated }) {
    const element = pattern.cloneNode(true);
    const place = element.querySelector("[data-text]");
    // a blank text has words of its own, and so has one that was erased: a line
    place.replaceChildren(text?.trim() ? text + (truncated ? "…" : "") : "\u00a0");
    return element;
  }
}
