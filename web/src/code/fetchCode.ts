const TIMEOUT = 60_000;

let fetched: Promise<void> | null = null;

/**
 * Fetches the code of other views than the first, after which the browser's cache has it.
 *
 * Some browsers remember that a module could not be loaded, and never request it again. So none is imported that was
 * not fetched before. Rejects if a file cannot be fetched, and the next call tries again; without a prerendered page
 * there is nothing to fetch.
 */
export function fetchCode(): Promise<void> {
  fetched ??= fetchFiles().catch((error: unknown) => {
    fetched = null;
    throw error;
  });
  return fetched;
}

async function fetchFiles(): Promise<void> {
  const template = document.getElementById("code of other views");
  if (!(template instanceof HTMLTemplateElement)) return;
  const signal = AbortSignal.timeout(TIMEOUT);
  const links = template.content.querySelectorAll("link");
  await Promise.all(Array.from(links, ({ href }) => fetchFile(href, signal)));
}

async function fetchFile(url: string, signal: AbortSignal): Promise<void> {
  const response = await fetch(url, { signal });
  if (!response.ok) throw new Error(`${url} is answered with status ${response.status}`);
  await response.arrayBuffer();
}
