import { type ComponentType, lazy, Suspense, useEffect } from "react";
import { SendView } from "../features/strings/components/SendView";
import { useMessages } from "../i18n/language";
import { ErrorBoundary } from "./ErrorBoundary";
import { type Route, useRoute } from "./router";
import styles from "./View.module.css";

const loaders = {
  many: () => import("../features/many/components/ManyView").then(({ ManyView }) => ManyView),
  history: () => import("../features/history/components/HistoryView").then(({ HistoryView }) => HistoryView),
  string: () => import("../features/history/components/StringView").then(({ StringView }) => StringView),
  failed: () => import("../features/failed/components/FailedView").then(({ FailedView }) => FailedView),
};

const ManyView = lazily(loaders.many);
const HistoryView = lazily(loaders.history);
const StringView = lazily(loaders.string);
const FailedView = lazily(loaders.failed);

/** The view that the URL names; only the first one is part of the page's first load. */
export function View({ keeps }: { keeps: boolean }) {
  const route = useRoute();
  const { shell } = useMessages();
  useEffect(loadAllWhenIdle, []);
  return (
    <ErrorBoundary key={keyOf(route)}>
      <Suspense fallback={<p className={styles.loading}>{shell.loading}</p>}>
        <Chosen route={route} keeps={keeps} />
      </Suspense>
    </ErrorBoundary>
  );
}

function Chosen({ route, keeps }: { route: Route; keeps: boolean }) {
  switch (route.view) {
    case "send":
      return <SendView keeps={keeps} />;
    case "many":
      return <ManyView />;
    case "history":
      return <HistoryView query={route.query} />;
    case "string":
      return <StringView id={route.id} />;
    case "failed":
      return <FailedView />;
  }
}

/** A search in a view stays in it; another string is another view. */
function keyOf(route: Route): string {
  return route.view === "string" ? route.id : route.view;
}

function lazily<Props>(load: () => Promise<ComponentType<Props>>) {
  return lazy(async () => ({ default: await load() }));
}

/** Fetches every view's code early, so that views open at once, and open when the server is gone by then. */
function loadAllWhenIdle() {
  const timer = setTimeout(() => {
    for (const load of Object.values(loaders)) load().catch(() => undefined);
  }, 1_000);
  return () => clearTimeout(timer);
}
