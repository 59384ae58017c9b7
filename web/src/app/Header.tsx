import { useSection } from "../features/history/useString";
import { useCurrentPipeline } from "../features/pipeline/usePipelineData";
import { formatCount } from "../i18n/format";
import { useLanguage, useMessages } from "../i18n/language";
import styles from "./Header.module.css";
import { LanguageSwitch } from "./LanguageSwitch";
import { hrefOf, type Place, useRoute } from "./router";
import { ThemeSwitch } from "./ThemeSwitch";
import { VIEW_HEADING_ID } from "./ViewHead";

const VIEWS = [
  { view: "send" },
  { view: "bulk" },
  { view: "history", query: "" },
  { view: "failed" },
] as const satisfies readonly Place[];

export function Header() {
  const { title, shell } = useMessages();
  return (
    <header className={styles.header}>
      <button type="button" className={styles.skip} onClick={skipToView}>
        {shell.skip}
      </button>
      <a className={styles.brand} translate="no" href={hrefOf({ view: "send" })}>
        <img src="/favicon.svg" alt="" width="24" height="24" />
        <span>{title}</span>
      </a>
      <Navigation />
      <div className={styles.switches}>
        <LanguageSwitch />
        <ThemeSwitch />
      </div>
    </header>
  );
}

function Navigation() {
  const { shell } = useMessages();
  const open = useRoute();
  const section = useSection(open);
  return (
    <nav className={styles.nav} aria-label={shell.nav}>
      <ul className={styles.views}>
        {VIEWS.map((route) => (
          <li key={route.view}>
            <a
              className={styles.view}
              href={hrefOf(route)}
              aria-current={
                route.view === section?.view ? (route.view === open.view ? "page" : true) : undefined
              }
            >
              <span>{shell.views[route.view]}</span>
              {route.view === "failed" && <FailedCount />}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function FailedCount() {
  const language = useLanguage();
  const { shell } = useMessages();
  const failed = useCurrentPipeline()?.failed;
  if (!failed) return null;
  const count = formatCount(failed, language);
  return (
    <>
      <span className={styles.count} aria-hidden="true">
        {count}
      </span>
      <span className="visually-hidden">{shell.failed(count)}</span>
    </>
  );
}

/** Not a link: the router would read its fragment as a view. */
function skipToView() {
  document.getElementById(VIEW_HEADING_ID)?.focus();
}
