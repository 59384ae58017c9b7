import { useMemo, useSyncExternalStore } from "react";

/** The view that the URL's fragment selects; nginx serves one page and knows no path of it. */
export type Route = Place | { view: "unknown" };
/** A route with an address of its own. */
export type Place =
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
  const [, path = "", parameters] = /^#?\/?([^?]*)(.*)$/s.exec(hash) ?? [];
  const [, id] = /^string\/([\w-]+)$/.exec(path) ?? [];
  if (id) return { view: "string", id };
  switch (path) {
    case "":
      return { view: "send" };
    case BULK:
      return { view: "bulk" };
    case "history":
      return { view: "history", query: new URLSearchParams(parameters).get("q") ?? "" };
    case "failed":
      return { view: "failed" };
    default:
      return { view: "unknown" };
  }
}

export function hrefOf(route: Place): string {
  switch (route.view) {
    case "send":
      return "#/";
    case "history":
      return route.query ? `#/history?${new URLSearchParams({ q: route.query })}` : "#/history";
    case "string":
      return `#/string/${route.id}`;
    case "bulk":
      return `#/${BULK}`;
    case "failed":
      return "#/failed";
  }
}

/** The URL's fragment. */
export function useAddress(): string {
  return useSyncExternalStore(subscribe, fragment, fragment);
}

export function useRoute(): Route {
  const hash = useAddress();
  return useMemo(() => parseRoute(hash), [hash]);
}

/** Replaces the URL without a new entry in the browser's history, for what is typed into a view. */
export function replaceRoute(route: Place): void {
  window.history.replaceState(null, "", hrefOf(route));
  for (const listener of listeners) listener();
}

/** Whether the reader came from another view; on the first one the focus is left to the browser. */
export function hasNavigated(): boolean {
  return navigated;
}

const fragment = () => window.location.hash;

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
