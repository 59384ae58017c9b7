import { ViewHead } from "../../../app/ViewHead";
import surfaces from "../../../controls/Surface.module.css";
import { useMessages } from "../../../i18n/language";
import { sectionOf, useString } from "../useString";
import { ReadingTrouble } from "./ReadingTrouble";
import { Skeleton } from "./Skeleton";
import { StringFacts } from "./StringFacts";

/** What the service says of an id that it does not know, and of one that cannot be an id. */
const NOT_FOUND = new Set(["unknown-string", "not-found"]);

/** Where to look on from a string that does not exist. */
const NOWHERE = { view: "history", query: "" } as const;

/** Everything about one string, polled until it is stored or refused. */
export function StringView({ id }: { id: string }) {
  const { history } = useMessages();
  const { data, trouble } = useString(id);
  const notFound = trouble !== null && NOT_FOUND.has(trouble.trouble.code);
  return (
    <>
      <ViewHead title={history.string.heading} section={notFound ? NOWHERE : sectionOf(data)} />
      {data && !notFound && <StringFacts string={data} unread={trouble !== null} />}
      {notFound && <NotFound wasThere={data !== undefined} />}
      {trouble && !notFound && <ReadingTrouble error={trouble} />}
      {!data && !trouble && <Skeleton label={history.string.loading} rows={2} />}
    </>
  );
}

function NotFound({ wasThere }: { wasThere: boolean }) {
  const { history, notes } = useMessages();
  return (
    <div className={surfaces.empty} role="status">
      <p className={surfaces.emptyTitle}>{history.string.notFound}</p>
      <p>{wasThere ? notes.unknown : history.string.notFoundHint}</p>
    </div>
  );
}
