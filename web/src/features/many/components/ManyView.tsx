import { ViewHead } from "../../../app/ViewHead";
import { useMessages } from "../../../i18n/language";

export function ManyView() {
  const { shell } = useMessages();
  return <ViewHead title={shell.views.many} />;
}
