import { useEffect, useRef, useState } from "react";
import { useAnnounceHits } from "../../announcer/useAnnounceHits";
import { useMessages } from "../../i18n/language";
import { asksFirst, type Job, type Kind, type Question, type Target } from "./operation";
import { operations } from "./operations";
import { useFailed } from "./useFailed";
import { useFollow } from "./useFollow";
import { useOperation } from "./useOperation";
import { useReasons } from "./useReasons";
import { useSearch } from "./useSearch";

/** The search for dead letters, its results, the selection, and what an operator is about to do with them. */
export function useDeadLetters(token: string, isRead: () => boolean) {
  const { failed } = useMessages();
  const search = useSearch();
  const list = useFailed(token, search.query);
  const reasons = useReasons(token, list.total !== null);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [question, setQuestion] = useState<Question | null>(null);
  const busy = useOperation()?.phase === "running";
  const shown = new Set(list.deadLetters.map(({ id }) => id));
  const chosen = [...selected].filter((id) => shown.has(id));

  function refresh() {
    list.refresh();
    reasons.refresh();
  }

  // what is selected stays; the count that follows says that the list has changed
  useOnEnd(busy, () => chosen.length === 0 && refresh());
  const held = chosen.length > 0 || question !== null;
  const outdated = useFollow({ ...list, refresh: list.follow }, held, isRead);
  // to count many takes the service long, and an operation changes the counts all the time
  const isCounted = !busy && !reasons.hasMore;
  useFollow({ ...reasons, total: isCounted ? reasons.total : null, refresh: reasons.follow }, held, isRead);
  const hits = list.total === null || list.loading ? null : list.deadLetters.length;
  useAnnounceHits(search.query, hits, list.hasMore, failed.matches);

  function start(job: Job) {
    setSelected(new Set());
    void operations.start(job, token);
  }

  return {
    search,
    list,
    reasons,
    refresh,
    outdated,
    busy,
    /** The selected ids that are still in the list. */
    chosen,
    setSelected,
    question,
    begin: (kind: Kind, target: Target, count: number | null) => {
      const job = { kind, target, why: "" };
      if (asksFirst(job)) setQuestion({ ...job, count });
      else start(job);
    },
    confirm: (job: Job) => {
      start(job);
      setQuestion(null);
    },
    cancel: () => setQuestion(null),
  };
}

function useOnEnd(busy: boolean, onEnd: () => void) {
  const was = useRef(busy);
  useEffect(() => {
    if (was.current && !busy) onEnd();
    was.current = busy;
  });
}
