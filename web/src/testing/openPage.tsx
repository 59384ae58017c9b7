import { render } from "@testing-library/react";
import { newQueryClient } from "../app/queryClient";
import { Root } from "../app/Root";
import { StringStore } from "../features/strings/store";
import type { Language } from "../i18n/language";

/** Opens the page as a visit does: with what localStorage holds and nothing else. */
export function openPage(language: Language = "en") {
  const store = new StringStore(localStorage);
  return render(<Root language={language} store={store} queryClient={newQueryClient()} keeps />);
}
