import { type QueryClient, QueryClientProvider } from "@tanstack/react-query";
import type { StringStore } from "../features/strings/store";
import { StringsContext } from "../features/strings/stringsContext";
import { type Language, LanguageContext } from "../i18n/language";
import { App } from "./App";
import { ErrorBoundary } from "./ErrorBoundary";

type Props = { language: Language; store: StringStore; queryClient: QueryClient; keeps: boolean };

/** The page with everything it stands on. */
export function Root({ language, store, queryClient, keeps }: Props) {
  return (
    <LanguageContext value={language}>
      <ErrorBoundary>
        <QueryClientProvider client={queryClient}>
          <StringsContext value={store}>
            <App keeps={keeps} />
          </StringsContext>
        </QueryClientProvider>
      </ErrorBoundary>
    </LanguageContext>
  );
}
