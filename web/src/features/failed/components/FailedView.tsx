import { useState } from "react";
import { ViewHead } from "../../../app/ViewHead";
import { useMessages } from "../../../i18n/language";
import { keepToken, keptToken } from "../operatorToken";
import { DeadLetters } from "./DeadLetters";
import { TokenForm } from "./TokenForm";

/** What PostgreSQL refused, for operators: another try for it, or the end of it. */
export function FailedView() {
  const { failed } = useMessages();
  const [token, setToken] = useState(keptToken);
  const [wrong, setWrong] = useState(false);

  function use(next: string | null, isWrong = false) {
    keepToken(next);
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
