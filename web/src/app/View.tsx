import type { QueryClient } from "@tanstack/react-query";
import { type ComponentProps, type ComponentType, lazy, Suspense, useEffect } from "react";
import { hasEarlyAnswer } from "../api/early";
import { fetchCode } from "../code/fetchCode";
import { SendView } from "../features/strings/components/SendView";
import { useMessages } from "../i18n/language";
import { ErrorBoundary } from "./ErrorBoundary";
import { type Route, useRoute } from "./router";
import styles from "./View.module.css";

let OtherView: ComponentType<ComponentProps<typeof import("./OtherView").OtherView>> = lazy(load);

/** The view that the URL selects. */
export function View({ persists }: { persists: boolean }) {
  const route = useRoute();
  const { shell } = useMessages();
  // the server may be unreachable when they are opened
  useEffect(() => void load().catch(() => undefined), []);
  return (
    <ErrorBoundary key={keyOf(route)}>
      <Suspense fallback={<p className={styles.loading}>{shell.loading}</p>}>
        {route.view === "send" ? <SendView persists={persists} /> : <OtherView route={route} />}
      </Suspense>
    </ErrorBoundary>
  );
}

/** Loads what the first view needs, so that it replaces the shell without an empty page in between. */
export async function loadFirst(client: QueryClient, route: Route): Promise<void> {
  if (route.view === "send") return;
  try {
    const loaded = await importOtherView();
    ({ OtherView } = loaded);
    if (hasEarlyAnswer()) await loaded.prefetch(client, route);
  } catch {
    // React tries again and shows the failure
  }
}

/** Loads the other views; the next navigation tries again if that fails, because React keeps the failure. */
async function load() {
  try {
    return { default: (await importOtherView()).OtherView };
  } catch (error) {
    OtherView = lazy(load);
    throw error;
  }
}

async function importOtherView() {
  await fetchCode();
  return import("./OtherView");
}

/** A search stays in the same view; each string is a view of its own. */
function keyOf(route: Route): string {
  return route.view === "string" ? route.id : route.view;
}
