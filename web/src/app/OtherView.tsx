import type { QueryClient } from "@tanstack/react-query";
import { BulkView } from "../features/bulk/components/BulkView";
import { FailedView } from "../features/failed/components/FailedView";
import { HistoryView } from "../features/history/components/HistoryView";
import { StringView } from "../features/history/components/StringView";
import { prefetchHistory } from "../features/history/useHistory";
import { prefetchString } from "../features/history/useString";
import type { Route } from "./router";
import { UnknownView } from "./UnknownView";

/** All views but the first, in one chunk: smaller than one chunk each, and every view then opens without a request. */
export function OtherView({ route }: { route: Exclude<Route, { view: "send" }> }) {
  switch (route.view) {
    case "bulk":
      return <BulkView />;
    case "history":
      return <HistoryView query={route.query} />;
    case "string":
      return <StringView id={route.id} />;
    case "failed":
      return <FailedView />;
    case "unknown":
      return <UnknownView />;
  }
}

/** Puts what shell.js shows already into the cache, so that the view replaces it without an empty list in between. */
export async function prefetch(client: QueryClient, route: Route): Promise<void> {
  if (route.view === "history") await prefetchHistory(client);
  if (route.view === "string") await prefetchString(client, route.id);
}
