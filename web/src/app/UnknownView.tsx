import textButton from "../controls/TextButton.module.css";
import { useMessages } from "../i18n/language";
import { hrefOf } from "./router";
import { ViewHead } from "./ViewHead";

/** Shown for an address that names no view. */
export function UnknownView() {
  const { shell } = useMessages();
  return (
    <>
      <ViewHead title={shell.unknown} lead={shell.unknownHint} />
      <p>
        <a className={textButton.button} href={hrefOf({ view: "send" })}>
          {shell.start}
        </a>
      </p>
    </>
  );
}
