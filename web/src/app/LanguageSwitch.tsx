import { type Language, useLanguage, useSetLanguage } from "../i18n/language";
import styles from "./Switch.module.css";

/** Languages are named in themselves, so that whoever needs one can read its name. */
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
