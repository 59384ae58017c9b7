import { useCallback, useMemo, useState } from "react";
import { formatDay } from "../../../i18n/format";
import { useLanguage, useMessages } from "../../../i18n/language";
import { useToday } from "../../../timing/useToday";
import { daysOf, fragmentKey, type PageOutline } from "../outline";
import { savedPlace } from "../place";
import { type Search, usePageStrings } from "../useHistory";
import styles from "./HistoryDays.module.css";
import { HistoryFragment } from "./HistoryFragment";

type Props = { search: Search; pages: readonly PageOutline[]; firstPage: PageOutline };

/** The strings by day; older ones are added below without moving the rest. */
export function HistoryDays({ search, pages, firstPage }: Props) {
  const language = useLanguage();
  const messages = useMessages();
  const days = useMemo(() => daysOf(pages), [pages]);
  const [place, setPlace] = useState(() => placeIn(search));
  const forgetPlace = useCallback(() => setPlace(null), []);
  // keeps the first page cached: it has no cursor, so a second fetch would include newer strings
  usePageStrings(search, firstPage);
  const today = useToday();
  return days.map(({ at, fragments }) => (
    <section key={at} aria-labelledby={`day-${at}`}>
      <h2 id={`day-${at}`} className={styles.day}>
        {formatDay(at, today, language, messages)}
      </h2>
      {fragments.map((fragment) => (
        <HistoryFragment
          key={fragmentKey(fragment)}
          search={search}
          fragment={fragment}
          returnTo={place?.fragment === fragmentKey(fragment) ? place.id : null}
          drawn={place === null && fragment.page === firstPage}
          onReturned={forgetPlace}
        />
      ))}
    </section>
  ));
}

/** Where the reader left this list, if it is the same visit. */
function placeIn({ visit }: Search) {
  const place = savedPlace();
  return place?.visit === visit ? place : null;
}
