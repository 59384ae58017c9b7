import { useQuery } from "@tanstack/react-query";
import { usePageVisible } from "../../app/usePageVisible";
import { usePipelineData } from "../pipeline/usePipelineData";
import { getHistoryPage } from "./api/getHistoryPage";
import type { PageOutline } from "./outline";

/** Whether strings newer than those shown are stored; queried whenever the pipeline has stored something. */
export function useNewer(query: string, firstPage: PageOutline | undefined): boolean {
  const visible = usePageVisible();
  const settled = usePipelineData()?.settled_total ?? null;
  const { data } = useQuery({
    queryKey: ["newest", query, settled],
    queryFn: async ({ signal }) => {
      const { items } = await getHistoryPage(query, null, 1, signal);
      return items[0]?.id ?? null;
    },
    enabled: firstPage !== undefined && visible && settled !== null,
    placeholderData: (before) => before,
    gcTime: 0,
  });
  // if the newest one was deleted, the one after it is the newest
  return firstPage !== undefined && typeof data === "string" && !firstPage.newestIds.includes(data);
}
