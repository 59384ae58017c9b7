import type { ComponentProps } from "react";
import styles from "./Button.module.css";

type Props = ComponentProps<"button"> & { look?: "primary" | "plain" | "danger"; size?: "normal" | "small" };

/** A button that does not submit its form by default. */
export function Button({ look = "plain", size = "normal", className, ...rest }: Props) {
  const classes = [styles.button, styles[look], styles[size], className].filter(Boolean).join(" ");
  return <button type="button" {...rest} className={classes} />;
}
