import { memo } from "react";
import { type Fragment, fragmentKey } from "../outline";
import { savePlace } from "../place";
import { type Search, usePageStrings } from "../useHistory";
import { useNear } from "../useNear";
import { HistoryRow } from "./HistoryRow";

/** The height of a row with one line of text, in pixels. */
const ESTIMATED_ROW = 74;

type Props = {
  search: Search;
  fragment: Fragment;
  /** The string to return to, if it is in this fragment. */
  returnTo: string | null;
  /** Whether to render it before it is known to be visible. */
  drawn: boolean;
  onReturned: () => void;
};

/** Renders its strings while they are near the viewport, otherwise a placeholder of the same height. */
export const HistoryFragment = memo(function HistoryFragment(props: Props) {
  const { from, to } = props.fragment;
  const { element, near, height } = useNear<HTMLDivElement>(props.drawn || props.returnTo !== null);
  const space = height ?? (to - from) * ESTIMATED_ROW;
  return (
    <div ref={element} style={near ? undefined : { height: space }}>
      {near && <Rows {...props} space={space} />}
    </div>
  );
});

function Rows({ search, fragment, returnTo, onReturned, space }: Props & { space: number }) {
  const strings = usePageStrings(search, fragment.page);
  if (!strings) return <div style={{ height: space }} />;
  return (
    <ul>
      {strings.slice(fragment.from, fragment.to).map((string) => (
        <HistoryRow
          key={string.id}
          string={string}
          isReturnedTo={string.id === returnTo}
          onReturned={onReturned}
          onOpen={() => savePlace({ visit: search.visit, fragment: fragmentKey(fragment), id: string.id })}
        />
      ))}
    </ul>
  );
}
