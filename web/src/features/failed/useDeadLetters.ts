import { useEffect, useRef, useState } from "react";
import { useAnnounceHits } from "../../announcer/useAnnounceHits";
import { useMessages } from "../../i18n/language";
import { usePipelineData } from "../pipeline/usePipelineData";
import { asksFirst, type Job, type Kind, type Target } from "./operation";
import { operations } from "./operations";
import { useFailed } from "./useFailed";
import { useFollow } from "./useFollow";
import { useOperation } from "./useOperation";
import { type Group, useReasons } from "./useReasons";
import { useSearch } from "./useSearch";

/** The search for dead letters, its results, the selection, and what an operator is about to do with them. */
export function useDeadLetters(token: string, isRead: () => boolean) {
  const { failed } = useMessages();
  const search = useSearch();
  const list = useFailed(token, search.query);
  const reasons = useReasons(token, list.total !== null);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [question, setQuestion] = useState<Job | null>(null);
  const busy = useOperation()?.phase === "running";
  const shown = new Set(list.deadLetters.map(({ id }) => id));
  const chosen = [...selected].filter((id) => shown.has(id));

  function refresh() {
    list.refresh();
    reasons.refresh();
  }

  // what is selected stays; the count that follows says that the list has changed
  useOnEnd(busy, () => chosen.length === 0 && refresh());
  const asks = question !== null;
  const hold = chosen.length > 0 ? "held" : "while-read";
  const outdated = useFollow({ ...list, refresh: list.follow }, asks ? "held" : hold, isRead);
  // to count many takes the service long, and an operation changes the counts all the time
  const counts = {
    ...reasons,
    total: busy || reasons.hasMore ? null : reasons.total,
    refresh: reasons.follow,
  };
  // a question says how many there are at present, and no one reads the rows behind it
  const uncounted = useFollow(counts, asks ? "free" : hold, isRead);
  const failing = usePipelineData()?.failed ?? null;
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
    /** The number of all dead letters, whatever the query; null until known. */
    total: outdated ? failing : list.total,
    busy,
    /** The selected ids that are still in the list. */
    chosen,
    setSelected,
    question,
    count:
      question &&
      countOf(
        question.target,
        reasons.hasMore || uncounted ? null : reasons.groups,
        list.hasMore || outdated ? null : { query: search.query, count: list.deadLetters.length },
      ),
    begin: (kind: Kind, target: Target) => {
      const job = { kind, target, why: "" };
      if (asksFirst(job)) setQuestion(job);
      else start(job);
    },
    confirm: (job: Job) => {
      start(job);
      setQuestion(null);
    },
    cancel: () => setQuestion(null),
  };
}

type Hits = { query: string; count: number };

/** How many it is about, by the groups and the results of the search, which are null unless all are known. */
function countOf(target: Target, groups: readonly Group[] | null, hits: Hits | null): number | null {
  if ("ids" in target) return target.ids.length;
  if ("query" in target) return hits?.query === target.query ? hits.count : null;
  return groups && (groups.find(({ reason }) => reason === target.reason)?.count ?? 0);
}

function useOnEnd(busy: boolean, onEnd: () => void) {
  const was = useRef(busy);
  useEffect(() => {
    if (was.current && !busy) onEnd();
    was.current = busy;
  });
}
