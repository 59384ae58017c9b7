import { useSyncExternalStore } from "react";
import { readTokenAsked, savedReadToken, subscribeReadToken } from "../../../api/readToken";
import { useApiUrl } from "../../../api/useApiUrl";
import { useMessages } from "../../../i18n/language";
import styles from "./ExportLinks.module.css";

const FORMATS = ["csv", "ndjson"] as const;

/** Downloads of everything that matches the search, not only of what has been loaded. */
export function ExportLinks({ query }: { query: string }) {
  const { history } = useMessages();
  const url = useApiUrl("/dummies/export");
  // a link carries no token
  const closed = useSyncExternalStore(subscribeReadToken, isClosed, () => false);
  if (closed) return <p className={styles.export}>{history.exportClosed}</p>;
  return (
    <p className={styles.export}>
      <span aria-hidden="true">{history.export}</span>
      {FORMATS.map((format) => (
        <a
          key={format}
          className={styles.link}
          href={`${url}?${parametersOf(format, query)}`}
          download={`dummies.${format}`}
          aria-label={history.exportAs(format.toUpperCase())}
        >
          {format.toUpperCase()}
        </a>
      ))}
    </p>
  );
}

const isClosed = () => savedReadToken() !== null || readTokenAsked() !== null;

function parametersOf(format: (typeof FORMATS)[number], query: string): URLSearchParams {
  const parameters = new URLSearchParams({ format });
  if (query) parameters.set("q", query);
  return parameters;
}
