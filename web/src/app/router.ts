import { useMemo, useSyncExternalStore } from "react";

/** The view that the URL's fragment selects; nginx serves one page and knows no path of it. */
export type Route =
  | { view: "send" }
  | { view: "bulk" }
  | { view: "history"; query: string }
  | { view: "string"; id: string }
  | { view: "failed" };

/** The bulk view's fragment. It differs from the view's name because people have bookmarked it. */
const BULK = "many";

const listeners = new Set<() => void>();
let navigated = false;

export function parseRoute(hash: string): Route {
  const { pathname, searchParams } = new URL(hash.replace(/^#\/?/, "/"), "http://page");
  const [view, id, ...rest] = pathname.slice(1).split("/");
  if (view === "string" && id && rest.length === 0) return { view, id };
  if (id !== undefined) return { view: "send" };
  if (view === "history") return { view, query: searchParams.get("q") ?? "" };
  if (view === BULK) return { view: "bulk" };
  return view === "failed" ? { view } : { view: "send" };
}

export function hrefOf(route: Route): string {
  switch (route.view) {
    case "send":
      return "#/";
    case "history":
      return route.query ? `#/history?${new URLSearchParams({ q: route.query })}` : "#/history";
    case "string":
      return `#/string/${encodeURIComponent(route.id)}`;
    case "bulk":
      return `#/${BULK}`;
    case "failed":
      return "#/failed";
  }
}

export function useRoute(): Route {
  const hash = useSyncExternalStore(subscribe, () => window.location.hash);
  return useMemo(() => parseRoute(hash), [hash]);
}

/** Replaces the URL without a new entry in the browser's history, for what is typed into a view. */
export function replaceRoute(route: Route): void {
  window.history.replaceState(null, "", hrefOf(route));
  for (const listener of listeners) listener();
}

/** Whether the reader came from another view; on the first one the focus is left to the browser. */
export function hasNavigated(): boolean {
  return navigated;
}

function subscribe(listener: () => void): () => void {
  const onHashChange = () => {
    navigated = true;
    listener();
  };
  listeners.add(listener);
  window.addEventListener("hashchange", onHashChange);
  return () => {
    listeners.delete(listener);
    window.removeEventListener("hashchange", onHashChange);
  };
}
