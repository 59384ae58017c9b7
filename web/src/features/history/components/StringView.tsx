import { ViewHead } from "../../../app/ViewHead";

export function StringView({ id }: { id: string }) {
  return <ViewHead title={id} />;
}
