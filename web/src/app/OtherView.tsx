import { BulkView } from "../features/bulk/components/BulkView";
import { FailedView } from "../features/failed/components/FailedView";
import { HistoryView } from "../features/history/components/HistoryView";
import { StringView } from "../features/history/components/StringView";
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
