import { createContext, useContext, useSyncExternalStore } from "react";
import type { Item } from "./item";
import type { StringStore } from "./store";

export const StringsContext = createContext<StringStore | null>(null);

export function useStringStore(): StringStore {
  const store = useContext(StringsContext);
  if (!store) throw new Error("StringsContext has no store");
  return store;
}

/** This browser's strings, newest first, live. */
export function useStrings(): readonly Item[] {
  const store = useStringStore();
  return useSyncExternalStore(store.subscribe, store.snapshot, store.snapshot);
}
