import { useMemo, useSyncExternalStore } from "react";

/** The views, as the part of the URL behind # names them: nginx serves one page and knows no paths of it. */
export type Route =
  | { view: "send" }
  | { view: "many" }
  | { view: "history"; query: string }
  | { view: "string"; id: string }
  | { view: "failed" };

const listeners = new Set<() => void>();
let navigated = false;

export function parseRoute(hash: string): Route {
  const { pathname, searchParams } = new URL(hash.replace(/^#\/?/, "/"), "http://page");
  const [view, id, ...rest] = pathname.slice(1).split("/");
  if (view === "string" && id && rest.length === 0) return { view, id };
  if (id !== undefined) return { view: "send" };
  if (view === "history") return { view, query: searchParams.get("q") ?? "" };
  return view === "many" || view === "failed" ? { view } : { view: "send" };
}

export function hrefOf(route: Route): string {
  switch (route.view) {
    case "send":
      return "#/";
    case "history":
      return route.query ? `#/history?${new URLSearchParams({ q: route.query })}` : "#/history";
    case "string":
      return `#/string/${encodeURIComponent(route.id)}`;
    default:
      return `#/${route.view}`;
  }
}

export function useRoute(): Route {
  const hash = useSyncExternalStore(subscribe, () => window.location.hash);
  return useMemo(() => parseRoute(hash), [hash]);
}

/** Changes the URL without a new entry in the browser's history, for what is typed into a view. */
export function replaceRoute(route: Route): void {
  window.history.replaceState(null, "", hrefOf(route));
  for (const listener of listeners) listener();
}

/** Whether the reader has come to this view from another one; the first one leaves the focus to the browser. */
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
