import { useEffect, useLayoutEffect, useRef } from "react";
import { useMessages } from "../i18n/language";
import { hasNavigated } from "./router";
import styles from "./ViewHead.module.css";

export const VIEW_HEADING_ID = "view-heading";

/** For when the element that has the focus is about to be removed. */
export function focusViewHeading(): void {
  document.getElementById(VIEW_HEADING_ID)?.focus();
}

/** A view's heading: takes focus when the reader comes from another view, and sets the document's title. */
export function ViewHead({ title, lead }: { title: string; lead?: string }) {
  const { title: product } = useMessages();
  const heading = useRef<HTMLHeadingElement>(null);

  useLayoutEffect(() => {
    if (!hasNavigated()) return;
    window.scrollTo(0, 0);
    heading.current?.focus({ preventScroll: true });
  }, []);

  useEffect(() => {
    document.title = `${title} · ${product}`;
  }, [title, product]);

  return (
    <div>
      <h1 ref={heading} id={VIEW_HEADING_ID} className={styles.heading} tabIndex={-1}>
        {title}
      </h1>
      {lead && <p className={styles.lead}>{lead}</p>}
    </div>
  );
}
