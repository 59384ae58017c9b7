import { type Language, useLanguage, useSetLanguage } from "../i18n/language";
import styles from "./Switch.module.css";

/** Each language is named in that language, so that its speakers can read it. */
const OTHER: Record<Language, { language: Language; name: string }> = {
  en: { language: "ko", name: "한국어" },
  ko: { language: "en", name: "English" },
};

export function LanguageSwitch() {
  const { language, name } = OTHER[useLanguage()];
  const setLanguage = useSetLanguage();
  return (
    <button type="button" className={styles.button} lang={language} onClick={() => setLanguage(language)}>
      {name}
    </button>
  );
}
