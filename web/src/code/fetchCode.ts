const TIMEOUT = 60_000;

let fetched: Promise<void> | null = null;

/**
 * Fetches the code and styles of all views but the first into the browser's cache.
 *
 * Some browsers remember that a module could not be loaded, and never request it again; Vite does so with styles. So
 * they are imported only after they were fetched. Rejects if a file cannot be fetched, and the next call tries again;
 * without a prerendered page there is nothing to fetch.
 */
export function fetchCode(): Promise<void> {
  fetched ??= fetchFiles().catch((error: unknown) => {
    fetched = null;
    throw error;
  });
  return fetched;
}

async function fetchFiles(): Promise<void> {
  // put there by prerender.js
  const templates = document.querySelectorAll<HTMLTemplateElement>('template[id$=" of other views"]');
  const links = Array.from(templates, ({ content }) => [...content.querySelectorAll("link")]).flat();
  const signal = AbortSignal.timeout(TIMEOUT);
  await Promise.all(links.map(({ href }) => fetchFile(href, signal)));
}

async function fetchFile(url: string, signal: AbortSignal): Promise<void> {
  const response = await fetch(url, { signal });
  if (!response.ok) throw new Error(`${url} is answered with status ${response.status}`);
  await response.arrayBuffer();
}
