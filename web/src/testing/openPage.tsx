import { render } from "@testing-library/react";
import { newQueryClient } from "../app/queryClient";
import { Root } from "../app/Root";
import { StringStore } from "../features/strings/store";
import type { Language } from "../i18n/language";

/** Renders the page as a new visit would, from what localStorage holds. */
export function openPage(language: Language = "en") {
  const store = new StringStore(localStorage);
  return render(<Root language={language} store={store} queryClient={newQueryClient()} persists />);
}
