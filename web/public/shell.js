// Shows the beginning of the view that the address selects, until the page's code has loaded; see src/shell/shells.tsx.
{
  const [, path] = /^#?\/?([^?]*)/.exec(location.hash);
  const view = path.replace(/^string\/[\w-]+$/, "string/*");
  const shell = document.getElementById(`shell ${document.documentElement.lang} #/${view}`);
  if (shell) document.getElementById("root").append(shell.content.cloneNode(true));
}
