import { useEffect, useRef, useState } from "react";
import { onAnnouncement } from "../../../announcer/announce";
import type { Messages } from "../../../i18n/en";
import { useMessages } from "../../../i18n/language";
import { type Item, isFinal } from "../item";
import { useStrings } from "../stringsContext";

/** Announcements wait until nothing has changed for this long (ms), so that a burst of strings is one sentence. */
const QUIET = 1_000;

type Event = keyof Messages["announce"];

/** Announces to screen readers how many strings changed their state, and what `announce` is called with. */
export function Announcer() {
  const items = useStrings();
  const { announce } = useMessages();
  const announced = useRef<ReadonlyMap<string, Event | null> | null>(null);
  const pending = useRef(new Map<Event, number>());
  const [spoken, setSpoken] = useState({ count: 0, words: "" });

  useEffect(() => onAnnouncement((words) => setSpoken(({ count }) => ({ count: count + 1, words }))), []);

  useEffect(() => {
    const before = announced.current;
    announced.current = new Map(items.map((item) => [item.key, eventOf(item)]));
    if (before === null) return; // strings from an earlier visit are not announced
    for (const [key, event] of announced.current) {
      if (event && before.get(key) !== event)
        pending.current.set(event, (pending.current.get(event) ?? 0) + 1);
    }
  }, [items]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: every change of the list restarts the timer
  useEffect(() => {
    if (pending.current.size === 0) return;
    const timer = setTimeout(() => {
      const words = [...pending.current].map(([event, count]) => announce[event](count)).join(" ");
      pending.current.clear();
      setSpoken(({ count }) => ({ count: count + 1, words }));
    }, QUIET);
    return () => clearTimeout(timer);
  }, [items, announce]);

  return (
    <div className="visually-hidden" aria-live="polite">
      {/* a new element each time, so that the same words are announced again */}
      <p key={spoken.count}>{spoken.words}</p>
    </div>
  );
}

function eventOf(item: Item): Event | null {
  if (item.state === "sending") return item.trouble && "delayed";
  return isFinal(item) ? (item.state as Event) : null;
}
