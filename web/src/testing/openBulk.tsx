import { act, render } from "@testing-library/react";
import { newQueryClient } from "../app/queryClient";
import { Root } from "../app/Root";
import { BatchPartsContext, startParts } from "../features/bulk/batchParts";
import type { Opened } from "../features/bulk/openStorage";
import { StringStore } from "../features/strings/store";
import type { Language } from "../i18n/language";

/** Opens the page, which shows the bulk view if the address says so, in a browser that keeps batches or not. */
export async function openBulk(
  language: Language = "en",
  opened: Opened = { storage: null, keeping: "denied" },
) {
  const parts = startParts(opened);
  const started = Promise.resolve(parts);
  const store = new StringStore(localStorage);
  // suspended content is rendered only within an awaited act
  const visit = await act(async () =>
    render(
      <BatchPartsContext value={started}>
        <Root language={language} store={store} queryClient={newQueryClient()} persists={true} />
      </BatchPartsContext>,
    ),
  );
  return { ...visit, ...parts };
}
