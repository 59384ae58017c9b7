import { useState } from "react";
import { focusViewHeading, ViewHead } from "../../../app/ViewHead";
import { useMessages } from "../../../i18n/language";
import { operations } from "../operations";
import { savedToken, saveToken } from "../operatorToken";
import { DeadLetters } from "./DeadLetters";
import { TokenForm } from "./TokenForm";

/** Strings that PostgreSQL refused, for operators to retry or discard. */
export function FailedView() {
  const { failed } = useMessages();
  const [token, setToken] = useState(savedToken);
  const [wrong, setWrong] = useState<string | null>(null);

  function use(next: string | null, refused: string | null = null) {
    saveToken(next);
    setToken(next);
    setWrong(refused);
  }

  function accept(next: string) {
    focusViewHeading();
    use(next);
  }

  function forget() {
    operations.stop();
    focusViewHeading();
    use(null);
  }

  return (
    <>
      <ViewHead title={failed.heading} lead={failed.lead} />
      {token === null ? (
        <TokenForm
          label={failed.token}
          hint={failed.tokenHint}
          wrong={wrong}
          onToken={accept}
          onWrong={setWrong}
        />
      ) : (
        <DeadLetters token={token} onForget={forget} onWrong={() => use(null, token)} />
      )}
    </>
  );
}
