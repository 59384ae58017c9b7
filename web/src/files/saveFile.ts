/** Hands a file to the browser, which saves it as it saves downloads. */
export function saveFile(file: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  // only after the browser has begun to read it
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
