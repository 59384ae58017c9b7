import { useId, useState } from "react";
import { useMessages } from "../i18n/language";
import styles from "./Switch.module.css";
import { chooseTheme, chosenTheme, THEMES, type Theme } from "./theme";

const SHAPES: Record<Theme, string> = {
  system: "M3 4.5h14v9H3zM7 16.5h6",
  light:
    "M10 6.5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7M10 2v1.5M10 16.5V18M2 10h1.5M16.5 10H18M4.3 4.3l1.1 1.1M14.6 14.6l1.1 1.1M4.3 15.7l1.1-1.1M14.6 5.4l1.1-1.1",
  dark: "M16.5 11.8A6.8 6.8 0 0 1 8.2 3.5a6.8 6.8 0 1 0 8.3 8.3",
};

export function ThemeSwitch() {
  const { shell } = useMessages();
  const [chosen, setChosen] = useState(chosenTheme);
  const name = useId();
  return (
    <fieldset className={styles.group}>
      <legend className="visually-hidden">{shell.theme}</legend>
      {THEMES.map((theme) => (
        <label key={theme} className={styles.option} title={shell.themes[theme]}>
          <input
            type="radio"
            className="visually-hidden"
            name={name}
            checked={theme === chosen}
            onChange={() => {
              chooseTheme(theme);
              setChosen(theme);
            }}
          />
          <svg viewBox="0 0 20 20" aria-hidden="true" focusable="false" className={styles.shape}>
            <path d={SHAPES[theme]} />
          </svg>
          <span className="visually-hidden">{shell.themes[theme]}</span>
        </label>
      ))}
    </fieldset>
  );
}
