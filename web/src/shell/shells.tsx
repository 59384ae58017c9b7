import { QueryClientProvider } from "@tanstack/react-query";
import { renderToStaticMarkup } from "react-dom/server";
import styles from "../app/App.module.css";
import { Header } from "../app/Header";
import { newQueryClient } from "../app/queryClient";
import { hrefOf } from "../app/router";
import { ViewHead } from "../app/ViewHead";
import { Inert } from "../controls/Inert";
import surfaces from "../controls/Surface.module.css";
import { pathOfPage } from "../features/history/api/getHistoryPage";
import { pathOfString } from "../features/history/api/getString";
import { FirstTexts } from "../features/history/components/FirstTexts";
import { PAGE_SIZE } from "../features/history/useHistory";
import { PipelineStrip } from "../features/pipeline/components/PipelineStrip";
import { StringForm } from "../features/strings/components/StringForm";
import { memoryStorage } from "../features/strings/storage";
import { StringStore } from "../features/strings/store";
import { StringsContext } from "../features/strings/stringsContext";
import { type Language, LanguageContext, useMessages } from "../i18n/language";

const LANGUAGES: readonly Language[] = ["en", "ko"];
const VIEWS = [
  { view: "send" },
  { view: "bulk" },
  { view: "history", query: "" },
  { view: "failed" },
  // whichever it is, see shell.js
  { view: "string", id: "*" },
] as const;

/** The requests with which two of the views begin, for early.js: `*` is the string's id. */
export const EARLY = { strings: pathOfPage("", null, PAGE_SIZE), string: pathOfString("*") };

/** The beginning of each view in each language, as HTML that is shown until the page's code has loaded. */
export function shells(): { language: Language; address: string; html: string }[] {
  return LANGUAGES.flatMap((language) =>
    VIEWS.map((route) => {
      const address = hrefOf(route);
      // the only part of a browser that these components read while they render
      Object.assign(globalThis, { window: { location: { hash: address } } });
      const html = renderToStaticMarkup(
        <LanguageContext value={language}>
          <QueryClientProvider client={newQueryClient()}>
            <StringsContext value={new StringStore(memoryStorage())}>
              <Shell view={route.view} />
            </StringsContext>
          </QueryClientProvider>
        </LanguageContext>,
      );
      return { language, address, html };
    }),
  );
}

type Props = { view: (typeof VIEWS)[number]["view"] };

/** What is the same whatever is stored; below it, the page has still to ask. */
function Shell({ view }: Props) {
  return (
    <div className={styles.page}>
      <Inert>
        <Header />
      </Inert>
      <main className={styles.main}>
        <div className="before-code" inert>
          <PipelineStrip />
        </div>
        <Stopped />
        <Head view={view} />
        {view === "send" && (
          <Inert>
            <StringForm />
          </Inert>
        )}
        {(view === "history" || view === "string") && <FirstTexts view={view} />}
      </main>
    </div>
  );
}

/** Seen if the page's code cannot be loaded; see early.js. */
function Stopped() {
  const { crashed, crashedHint } = useMessages();
  return (
    <div className="no-code">
      <div className={surfaces.panel}>
        <p className={surfaces.heading}>{crashed}</p>
        <p className={surfaces.words}>{crashedHint}</p>
      </div>
    </div>
  );
}

function Head({ view }: Props) {
  const messages = useMessages();
  if (view === "string") return <ViewHead title={messages.history.string.heading} section={null} />;
  const { heading, lead } = view === "send" ? messages : messages[view];
  return <ViewHead title={heading} lead={lead} />;
}
