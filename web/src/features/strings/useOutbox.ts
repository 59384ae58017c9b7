import { useMutation } from "@tanstack/react-query";
import { useEffect } from "react";
import { submitString } from "./api/submitString";
import { Outbox } from "./outbox";
import { useStringStore } from "./stringsContext";

/** Sends unsent strings for as long as the page is open. */
export function useOutbox(): void {
  const store = useStringStore();
  const { mutateAsync } = useMutation({ mutationKey: ["submit"], mutationFn: submitString });
  useEffect(() => store.followOtherTabs(), [store]);
  useEffect(() => new Outbox(store, mutateAsync).start(), [store, mutateAsync]);
}
