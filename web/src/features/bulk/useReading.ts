import { useEffect, useRef, useState } from "react";
import type { Encoding } from "./decode";
import { MAX_FILE_BYTES, type Reading, readLines } from "./readLines";

/** A chosen file, or typed or pasted lines (`name` is null). */
export type Source = { blob: Blob; name: string | null };
export type SourceFault = "too-big" | "unreadable" | "nothing" | "surrogate";

type Step =
  | { step: "choose"; fault: SourceFault | null }
  | { step: "reading"; source: Source; part: number }
  | { step: "read"; source: Source; reading: Reading };

export type ReadingSteps = {
  current: Step;
  read: (source: Source, encoding?: Encoding) => void;
  /** Goes back to the choice, with the fault if there is one. */
  choose: (fault?: SourceFault) => void;
};

/** The steps from a source to its lines. */
export function useReading(): ReadingSteps {
  const [current, setCurrent] = useState<Step>({ step: "choose", fault: null });
  const running = useRef<AbortController>(null);
  useEffect(() => () => running.current?.abort(), []);

  function choose(fault: SourceFault | null = null) {
    running.current?.abort();
    setCurrent({ step: "choose", fault });
  }

  async function readAll(source: Source, encoding: Encoding) {
    const abort = new AbortController();
    running.current?.abort();
    running.current = abort;
    const onProgress = (part: number) => setCurrent({ step: "reading", source, part });
    onProgress(0);
    try {
      const reading = await readLines(source.blob, encoding, onProgress, abort.signal);
      if (abort.signal.aborted) return;
      if (reading.kind === "lines" && reading.strings + reading.badCount === 0) choose("nothing");
      else setCurrent({ step: "read", source, reading });
    } catch {
      if (!abort.signal.aborted) choose("unreadable");
    }
  }

  function read(source: Source, encoding: Encoding = "utf-8") {
    if (source.blob.size > MAX_FILE_BYTES) choose("too-big");
    else void readAll(source, encoding);
  }

  return { current, read, choose };
}
