const graphemes = new Intl.Segmenter();

/**
 * Returns the beginning of a text, cut between characters as readers see them, with an ellipsis if anything is left out.
 *
 * `length` is in UTF-16 code units, `lines` in lines as typed. Laying out a whole text for rows that show a few lines
 * of it takes seconds for a few hundred rows.
 */
export function beginningOf(text: string, length: number, lines = Number.POSITIVE_INFINITY): string {
  const first = lines < length ? text.split("\n", lines).join("\n") : text;
  if (first.length <= length) return first.length === text.length ? text : `${first}…`;
  // an endless character, as combining marks can make one, is cut all the same
  const end = graphemes.segment(first.slice(0, 2 * length)).containing(length)?.index || length;
  return `${first.slice(0, end)}…`;
}

/** Returns the beginning of a text that stands for the whole: its limits fill about six lines of the widest layout. */
export function folded(text: string): string {
  return beginningOf(text, 500, 6);
}
