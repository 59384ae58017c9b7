import type { ComponentProps } from "react";
import styles from "./Button.module.css";

type Props = ComponentProps<"button"> & { look?: "primary" | "plain" | "danger" };

/** A button that submits nothing unless told to. */
export function Button({ look = "plain", className, ...rest }: Props) {
  const classes = [styles.button, styles[look], className].filter(Boolean).join(" ");
  return <button type="button" {...rest} className={classes} />;
}
