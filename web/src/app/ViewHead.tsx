import { useEffect, useLayoutEffect, useRef } from "react";
import { useCurrentPipeline } from "../features/pipeline/usePipelineData";
import { formatCount } from "../i18n/format";
import { useLanguage, useMessages } from "../i18n/language";
import { hasNavigated, hrefOf, type Place } from "./router";
import styles from "./ViewHead.module.css";

export const VIEW_HEADING_ID = "view-heading";

/** For when the element that has the focus is about to be removed. */
export function focusViewHeading(): void {
  document.getElementById(VIEW_HEADING_ID)?.focus();
}

type Props = {
  title: string;
  lead?: string;
  /** The section that the view belongs to; null until it is known, to keep its place. */
  section?: Extract<Place, { view: "history" | "failed" }> | null;
};

/**
 * A view's heading: takes focus when the reader comes from another view, and sets the document's title: with the number of
 * failed strings, for whoever looks at another tab.
 */
export function ViewHead({ title, lead, section }: Props) {
  const language = useLanguage();
  const { title: product, shell } = useMessages();
  const failed = useCurrentPipeline()?.failed;
  const prefix = failed ? `(${shell.failed(formatCount(failed, language))}) ` : "";
  const heading = useRef<HTMLHeadingElement>(null);

  useLayoutEffect(() => {
    if (!hasNavigated()) return;
    window.scrollTo(0, 0);
    heading.current?.focus({ preventScroll: true });
  }, []);

  useEffect(() => {
    document.title = `${prefix}${title} · ${product}`;
  }, [prefix, title, product]);

  return (
    <div>
      {section !== undefined && (
        <p className={styles.way}>
          {section && (
            <a className={styles.back} href={hrefOf(section)}>
              {shell.views[section.view]}
            </a>
          )}
        </p>
      )}
      <h1 ref={heading} id={VIEW_HEADING_ID} className={styles.heading} tabIndex={-1}>
        {title}
      </h1>
      {lead && <p className={styles.lead}>{lead}</p>}
    </div>
  );
}
