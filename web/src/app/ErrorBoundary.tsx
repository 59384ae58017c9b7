import { Component, type ReactNode } from "react";
import { Button } from "../controls/Button";
import surfaces from "../controls/Surface.module.css";
import textButton from "../controls/TextButton.module.css";
import { useMessages } from "../i18n/language";
import { useAddress } from "./router";

/** Shows a message when rendering fails, instead of a blank page; another address is another attempt. */
export function ErrorBoundary({ children }: { children: ReactNode }) {
  return <Boundary address={useAddress()}>{children}</Boundary>;
}

type Props = { address: string; children: ReactNode };

class Boundary extends Component<Props, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError() {
    return { broken: true };
  }

  override componentDidUpdate({ address }: Props) {
    if (this.state.broken && address !== this.props.address) this.setState({ broken: false });
  }

  override render() {
    return this.state.broken ? <Crashed /> : this.props.children;
  }
}

function Crashed() {
  const { crashed, crashedHint, reload, shell } = useMessages();
  return (
    <div className={surfaces.panel} role="alert">
      <h1 className={surfaces.heading}>{crashed}</h1>
      <p className={surfaces.words}>{crashedHint}</p>
      <div className={surfaces.actions}>
        <Button look="primary" onClick={() => window.location.reload()}>
          {reload}
        </Button>
        {/* without a fragment, so that the page is loaded again */}
        <a className={textButton.button} href="/">
          {shell.start}
        </a>
      </div>
    </div>
  );
}
