import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { ApiError } from "../../../api/apiError";
import { READING } from "../../../api/reading";
import { hrefOf } from "../../../app/router";
import { usePageVisible } from "../../../app/usePageVisible";
import { ViewHead } from "../../../app/ViewHead";
import surfaces from "../../../controls/Surface.module.css";
import { useMessages } from "../../../i18n/language";
import { PollSchedule } from "../../strings/pollSchedule";
import { getString } from "../api/getString";
import { ReadingTrouble } from "./ReadingTrouble";
import { Skeleton } from "./Skeleton";
import { StringFacts } from "./StringFacts";
import styles from "./StringView.module.css";

/** Everything about one string, polled until it is stored or refused. */
export function StringView({ id }: { id: string }) {
  const { history } = useMessages();
  const { data, trouble } = useStringState(id);
  const notFound = trouble !== null && !trouble.transient;
  return (
    <>
      <p className={styles.way}>
        <a className={styles.back} href={hrefOf({ view: "history", query: "" })}>
          {history.string.back}
        </a>
      </p>
      <ViewHead title={history.string.heading} />
      {data && !notFound && <StringFacts string={data} />}
      {notFound && <NotFound />}
      {trouble?.transient && <ReadingTrouble error={trouble} />}
      {!data && !trouble && <Skeleton label={history.string.loading} rows={2} />}
    </>
  );
}

function useStringState(id: string) {
  const visible = usePageVisible();
  const [schedule] = useState(() => new PollSchedule());
  const { data, error, failureReason } = useQuery({
    queryKey: ["string", id],
    queryFn: async ({ signal }) => {
      schedule.backOff();
      return getString(id, signal);
    },
    enabled: visible,
    refetchInterval: ({ state }) => state.data?.status === "queued" && schedule.delay,
    gcTime: 0,
    ...READING,
  });
  const trouble = failureReason ?? error;
  return { data, trouble: trouble instanceof ApiError ? trouble : null };
}

function NotFound() {
  const { history } = useMessages();
  return (
    <div className={surfaces.empty} role="status">
      <p className={surfaces.emptyTitle}>{history.string.notFound}</p>
      <p>{history.string.notFoundHint}</p>
    </div>
  );
}
