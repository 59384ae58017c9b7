import { lazy, Suspense, useEffect } from "react";
import { SendView } from "../features/strings/components/SendView";
import { useMessages } from "../i18n/language";
import { ErrorBoundary } from "./ErrorBoundary";
import { type Route, useRoute } from "./router";
import styles from "./View.module.css";

const load = () => import("./OtherView").then(({ OtherView }) => ({ default: OtherView }));
const OtherView = lazy(load);

/** The first load has this much time for itself, in milliseconds. */
const HEAD_START = 1_000;

/** The view that the URL names. */
export function View({ keeps }: { keeps: boolean }) {
  const route = useRoute();
  const { shell } = useMessages();
  useEffect(loadEarly, []);
  return (
    <ErrorBoundary key={keyOf(route)}>
      <Suspense fallback={<p className={styles.loading}>{shell.loading}</p>}>
        {route.view === "send" ? <SendView keeps={keeps} /> : <OtherView route={route} />}
      </Suspense>
    </ErrorBoundary>
  );
}

/** A search in a view stays in it; another string is another view. */
function keyOf(route: Route): string {
  return route.view === "string" ? route.id : route.view;
}

/** Fetches the other views before they are asked for: the server may be gone by then. */
function loadEarly() {
  const timer = setTimeout(() => void load().catch(() => undefined), HEAD_START);
  return () => clearTimeout(timer);
}
