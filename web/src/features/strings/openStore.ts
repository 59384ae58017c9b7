import { askBeforeLeaving } from "../../app/leaving";
import { isOnlyHere } from "./item";
import { Records } from "./records";
import { memoryStorage, openStorage } from "./storage";
import { StringStore } from "./store";

/** Opens this browser's strings, and whether they outlive the page: where they do not, the page asks before they are lost. */
export function openStore(): { store: StringStore; persists: boolean } {
  const storage = openStorage();
  const store = new StringStore(storage ?? memoryStorage());
  if (storage) record(store);
  else askBeforeLeaving(() => store.snapshot().some(isOnlyHere));
  return { store, persists: storage !== null };
}

function record(store: StringStore): void {
  const records = new Records(store);
  store.written = records.written;
  void records.start();
}
