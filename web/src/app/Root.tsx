import { type QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { type ReactNode, useEffect, useState } from "react";
import { saveChoice } from "../choices/choice";
import type { StringStore } from "../features/strings/store";
import { StringsContext } from "../features/strings/stringsContext";
import { type Language, LanguageContext, SetLanguageContext } from "../i18n/language";
import { App } from "./App";
import { ErrorBoundary } from "./ErrorBoundary";

type Props = { language: Language; store: StringStore; queryClient: QueryClient; persists: boolean };

/** The page with all of its context providers. */
export function Root({ language, store, queryClient, persists }: Props) {
  return (
    <Speaking initially={language}>
      <ErrorBoundary>
        <QueryClientProvider client={queryClient}>
          <StringsContext value={store}>
            <App persists={persists} />
          </StringsContext>
        </QueryClientProvider>
      </ErrorBoundary>
    </Speaking>
  );
}

function Speaking({ initially, children }: { initially: Language; children: ReactNode }) {
  const [language, setLanguage] = useState(initially);
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  const choose = (chosen: Language) => {
    saveChoice("language", chosen);
    setLanguage(chosen);
  };
  return (
    <LanguageContext value={language}>
      <SetLanguageContext value={choose}>{children}</SetLanguageContext>
    </LanguageContext>
  );
}
