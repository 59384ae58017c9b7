import { Component, type ReactNode } from "react";
import { Button } from "../controls/Button";
import surfaces from "../controls/Surface.module.css";
import { useMessages } from "../i18n/language";

/** Shows a message when rendering fails, instead of a blank page. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError() {
    return { broken: true };
  }

  override render() {
    return this.state.broken ? <Crashed /> : this.props.children;
  }
}

function Crashed() {
  const { crashed, reload } = useMessages();
  return (
    <div className={surfaces.panel} role="alert">
      <p>{crashed}</p>
      <div className={surfaces.actions}>
        <Button look="primary" onClick={() => window.location.reload()}>
          {reload}
        </Button>
      </div>
    </div>
  );
}
