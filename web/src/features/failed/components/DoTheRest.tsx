import { useState } from "react";
import { hrefOf } from "../../../app/router";
import { focusViewHeading } from "../../../app/ViewHead";
import { Button } from "../../../controls/Button";
import { useMessages } from "../../../i18n/language";
import { asksFirst, type Job, type Operation } from "../operation";
import { operations } from "../operations";
import { savedToken } from "../operatorToken";
import { ConfirmDialog } from "./ConfirmDialog";

/** Continues an operation that ended early; asks as at its beginning, because more may have failed since. */
export function DoTheRest({ operation: { job, tally } }: { operation: Operation }) {
  const { failed } = useMessages();
  const { target } = job;
  const [asking, setAsking] = useState(false);

  function begin() {
    if (savedToken() === null) {
      window.location.hash = hrefOf({ view: "failed" });
      focusViewHeading();
    } else if (asksFirst(job)) setAsking(true);
    else start(job);
  }

  function start(confirmed: Job) {
    const token = savedToken();
    if (token !== null) void operations.start(confirmed, token, tally);
  }

  return (
    <>
      <Button size="small" onClick={begin}>
        {failed.doTheRest}
      </Button>
      {asking && (
        <ConfirmDialog
          job={job}
          count={"ids" in target ? target.ids.length : null}
          onConfirm={start}
          onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}
