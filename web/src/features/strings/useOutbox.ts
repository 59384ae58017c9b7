import { useMutation } from "@tanstack/react-query";
import { useEffect } from "react";
import { submitString } from "./api/submitString";
import { Outbox, type Send } from "./outbox";
import { useStringStore } from "./stringsContext";

/** Sends unsent strings for as long as the page is open. */
export function useOutbox(): void {
  const store = useStringStore();
  const { mutateAsync } = useMutation({ mutationKey: ["submit"], mutationFn: submitString });
  useEffect(() => store.followOtherTabs(), [store]);
  useEffect(() => {
    const send: Send = (item, onMoved) => store.written(item).then(() => mutateAsync({ ...item, onMoved }));
    return new Outbox(store, send).start();
  }, [store, mutateAsync]);
}
