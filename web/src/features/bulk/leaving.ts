/** Makes the browser ask before the page is left while `loses` returns true; returns a function that ends it. */
export function askBeforeLeaving(loses: () => boolean): () => void {
  const ask = (event: BeforeUnloadEvent) => {
    if (loses()) event.preventDefault();
  };
  window.addEventListener("beforeunload", ask);
  return () => window.removeEventListener("beforeunload", ask);
}
