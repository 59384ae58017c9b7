import { useQuery } from "@tanstack/react-query";
import { READING } from "../../api/reading";
import { usePageVisible } from "../../app/usePageVisible";
import { usePipelineData } from "../pipeline/usePipelineData";
import { getHistoryPage } from "./api/getHistoryPage";
import type { PageOutline } from "./outline";
import { useCurrentTrouble } from "./useCurrentTrouble";

/** Whether strings newer than those shown are stored; `unread` if that cannot be read. */
export type Newer = "none" | "some" | "unread";

/** Looks for newer strings whenever the pipeline has stored something. */
export function useNewer(query: string, firstPage: PageOutline | undefined): Newer {
  const visible = usePageVisible();
  const settled = usePipelineData()?.settled_total ?? null;
  const { data, failureReason, error } = useQuery({
    queryKey: ["newest", query, settled],
    queryFn: async ({ signal }) => {
      const { items } = await getHistoryPage(query, null, 1, signal);
      return items[0]?.id ?? null;
    },
    enabled: firstPage !== undefined && visible && settled !== null,
    placeholderData: (before) => before,
    gcTime: 0,
    ...READING,
  });
  const trouble = useCurrentTrouble(failureReason ?? error);
  // if the newest one was deleted, the one after it is the newest
  if (firstPage && typeof data === "string" && !firstPage.newestIds.includes(data)) return "some";
  return trouble ? "unread" : "none";
}
