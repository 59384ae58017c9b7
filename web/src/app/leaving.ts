/** Makes the browser ask before the page is left while `loses` returns true. */
export function askBeforeLeaving(loses: () => boolean): void {
  window.addEventListener("beforeunload", (event) => {
    if (loses()) event.preventDefault();
  });
}
