// Shows the beginning of the view that the address selects, until the page's code has loaded; see src/shell/shells.tsx.
{
  const [, path] = /^#?\/?([^?]*)/.exec(location.hash);
  const view = path.replace(/^string\/[\w-]+$/, "string/*");
  const shell = document.getElementById(`shell ${document.documentElement.lang} #/${view}`);
  const root = document.getElementById("root");
  if (shell) root.append(shell.content.cloneNode(true));
  const contentOf = (id) => document.getElementById(id)?.content ?? "";
  const sheets = [...(view && contentOf("styles of other views").children)];
  const styled = Promise.all(sheets.map((sheet) => new Promise((resolve) => (sheet.onload = resolve))));
  document.head.append(...sheets);
  // on a slow line, the texts come before the code
  showTexts(root.querySelector("template"), styled)
    .catch(() => undefined)
    .finally(() =>
      document.head.append(contentOf("code of every view"), view && contentOf("code of other views")),
    );

  /** Shows the texts that early.js has asked for, if any. If that fails, the page's code asks again, and says what is wrong. */
  async function showTexts(place, styled) {
    if (!place || !window.early) return;
    const { items, ...string } = JSON.parse((await window.early.answer).text);
    await styled;
    const pattern = place.content.querySelector("[data-each]");
    pattern.replaceWith(...(items ?? [string]).map((string) => filled(pattern, string)));
    place.replaceWith(place.content);
  }

  function filled(pattern, { text, truncated }) {
    const element = pattern.cloneNode(true);
    element.querySelector("[data-text]").textContent = truncated ? `${text}…` : text;
    return element;
  }
}
