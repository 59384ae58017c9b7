import { useEffect, useState, useSyncExternalStore } from "react";
import { readTokenAsked, subscribeReadToken } from "../../../api/readToken";
import { formatDuration } from "../../../i18n/format";
import { useLanguage, useMessages } from "../../../i18n/language";
import { useCurrentPipeline } from "../../pipeline/usePipelineData";
import type { ItemIn } from "../item";
import { placeInLine } from "../place";
import { Note } from "./Note";

/** A place in line is shown after this wait, in milliseconds; usually the string is stored sooner. */
const PATIENCE = 2_000;

/** Says that a string is accepted, and its place in line if it waits longer than usual; no more where nothing can be read. */
export function QueuedNote({ item }: { item: ItemIn<"queued"> }) {
  return <Note words={useWords(item)} />;
}

function useWords(item: ItemIn<"queued">): string {
  const language = useLanguage();
  const messages = useMessages();
  const pipeline = useCurrentPipeline();
  const patient = useHasPassed(item.createdAt + PATIENCE);
  const { notes, send } = messages;
  const cannotRead = useSyncExternalStore(subscribeReadToken, readTokenAsked) !== null;
  if (cannotRead) return notes.unread;
  const { acceptedTotal } = item;
  const place = patient && pipeline && acceptedTotal !== undefined && placeInLine(acceptedTotal, pipeline);
  if (!place) return item.unread ? notes.unconfirmed : notes.queued;
  if (place.milliseconds === null) return send.inLine(place.place);
  return send.inLineFor(place.place, formatDuration(place.milliseconds, language, messages));
}

function useHasPassed(at: number): boolean {
  const [passed, setPassed] = useState(() => Date.now() >= at);
  useEffect(() => {
    const timer = setTimeout(() => setPassed(true), at - Date.now());
    return () => clearTimeout(timer);
  }, [at]);
  return passed;
}
