import { type RefObject, useLayoutEffect } from "react";

const HAS_FIELD_SIZING = globalThis.CSS?.supports?.("field-sizing", "content") ?? false;

/** Grows a field with its text, up to its max-height, in browsers without field-sizing. */
export function useGrowingField(field: RefObject<HTMLTextAreaElement | null>, text: string): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: the height depends on the text
  useLayoutEffect(() => {
    const element = field.current;
    if (!element || HAS_FIELD_SIZING) return;
    element.style.height = "auto";
    element.style.height = `${element.scrollHeight + element.offsetHeight - element.clientHeight}px`;
  }, [field, text]);
}
