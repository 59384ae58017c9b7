import { ViewHead } from "../../../app/ViewHead";
import { useMessages } from "../../../i18n/language";

export function HistoryView({ query }: { query: string }) {
  const { shell } = useMessages();
  return <ViewHead title={shell.views.history} lead={query} />;
}
