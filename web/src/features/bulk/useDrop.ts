import { type DragEvent, useState } from "react";
import { droppedText } from "../strings/fieldText";

/** Handles files and long texts dropped onto an element; `over` is true while a file is dragged above it. */
export function useDrop(onFiles: (files: FileList) => void, takesText: (text: string) => boolean) {
  const [over, setOver] = useState(false);
  const handlers = {
    onDragOver: (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setOver(true);
    },
    onDragLeave: () => setOver(false),
    onDrop: (event: DragEvent) => {
      setOver(false);
      // a text that is not taken is left to the browser, which drops it into the field
      if (!hasFiles(event) && !takesText(droppedText(event))) return;
      event.preventDefault();
      if (hasFiles(event)) onFiles(event.dataTransfer.files);
    },
  };
  return { over, handlers };
}

function hasFiles({ dataTransfer }: DragEvent): boolean {
  return dataTransfer.types.includes("Files");
}
