import { useSyncExternalStore } from "react";
import { enterReadToken, readTokenAsked, refuseReadToken, subscribeReadToken } from "../api/readToken";
import { TokenForm } from "../features/failed/components/TokenForm";
import { useMessages } from "../i18n/language";
import { focusViewHeading } from "./ViewHead";

/** Asks for the token where reading is closed; the requests that need it wait meanwhile. */
export function ReadTokenForm() {
  const asked = useSyncExternalStore(subscribeReadToken, readTokenAsked);
  const { reading } = useMessages();
  if (asked === null) return null;

  function accept(token: string) {
    focusViewHeading();
    enterReadToken(token);
  }

  return (
    <TokenForm
      label={reading.token}
      hint={reading.hint}
      wrong={asked.wrong}
      onToken={accept}
      onWrong={refuseReadToken}
    />
  );
}
