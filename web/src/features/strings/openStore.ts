import { askBeforeLeaving } from "../../app/leaving";
import { isOnlyHere } from "./item";
import { memoryStorage, openStorage } from "./storage";
import { StringStore } from "./store";

/** Opens this browser's strings, and whether they outlive the page: where they do not, the page asks before they are lost. */
export function openStore(): { store: StringStore; persists: boolean } {
  const storage = openStorage();
  const store = new StringStore(storage ?? memoryStorage());
  if (!storage) askBeforeLeaving(() => store.snapshot().some(isOnlyHere));
  return { store, persists: storage !== null };
}
