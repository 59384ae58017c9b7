import { createContext, useContext } from "react";
import { savedChoice } from "../choices/choice";
import { en, type Messages } from "./en";
import { ko } from "./ko";

export type Language = "en" | "ko";

const MESSAGES: Record<Language, Messages> = { en, ko };

export const LanguageContext = createContext<Language>("en");
export const SetLanguageContext = createContext<(language: Language) => void>(() => undefined);

/** Returns the first of the preferred languages that the page has. */
export function pickLanguage(preferred: readonly string[]): Language {
  for (const tag of preferred) {
    const [language] = tag.toLowerCase().split("-");
    if (language === "ko" || language === "en") return language;
  }
  return "en";
}

/** Returns the saved choice, or else the first of the browser's languages that the page has. */
export function initialLanguage(): Language {
  const saved = savedChoice("language");
  return pickLanguage(saved === null ? navigator.languages : [saved]);
}

export function useLanguage(): Language {
  return useContext(LanguageContext);
}

export function useSetLanguage(): (language: Language) => void {
  return useContext(SetLanguageContext);
}

export function useMessages(): Messages {
  return MESSAGES[useLanguage()];
}
