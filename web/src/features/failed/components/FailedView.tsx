import { useState } from "react";
import { ViewHead } from "../../../app/ViewHead";
import { useMessages } from "../../../i18n/language";
import { savedToken, saveToken } from "../operatorToken";
import { DeadLetters } from "./DeadLetters";
import { TokenForm } from "./TokenForm";

/** Strings that PostgreSQL refused, for operators to retry or discard. */
export function FailedView() {
  const { failed } = useMessages();
  const [token, setToken] = useState(savedToken);
  const [wrong, setWrong] = useState(false);

  function use(next: string | null, isWrong = false) {
    saveToken(next);
    setToken(next);
    setWrong(isWrong);
  }

  return (
    <>
      <ViewHead title={failed.heading} lead={failed.lead} />
      {token === null ? (
        <TokenForm wrong={wrong} onToken={use} onWrong={() => setWrong(true)} />
      ) : (
        <DeadLetters token={token} onForget={() => use(null)} onWrong={() => use(null, true)} />
      )}
    </>
  );
}
