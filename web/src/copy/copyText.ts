/** A text, or what fetches it. */
export type Copied = string | (() => Promise<string>);

/** Copies a text to the clipboard; throws if the browser or the fetch fails. */
export async function copyText(text: Copied): Promise<void> {
  if (typeof text === "string") return write(text);
  // the clipboard is open only while the click is handled, so it is given the promise
  if (navigator.clipboard && typeof ClipboardItem === "function") {
    const blob = text().then((whole) => new Blob([whole], { type: "text/plain" }));
    return navigator.clipboard.write([new ClipboardItem({ "text/plain": blob })]);
  }
  return write(await text());
}

async function write(text: string): Promise<void> {
  // Pages at http://<address> are not a secure context and have no navigator.clipboard.
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  if (!copyBySelection(text)) throw new Error("the browser does not copy");
}

function copyBySelection(text: string): boolean {
  const focused = document.activeElement;
  const field = document.createElement("textarea");
  field.className = "visually-hidden";
  field.value = text;
  document.body.append(field);
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return copied;
}
