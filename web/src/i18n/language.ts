import { createContext, useContext } from "react";
import { keptChoice } from "../choices/choice";
import { en, type Messages } from "./en";
import { ko } from "./ko";

export type Language = "en" | "ko";

const MESSAGES: Record<Language, Messages> = { en, ko };

export const LanguageContext = createContext<Language>("en");
export const SetLanguageContext = createContext<(language: Language) => void>(() => undefined);

/** The first of the browser's languages that the page speaks. */
export function pickLanguage(preferred: readonly string[]): Language {
  for (const tag of preferred) {
    const [language] = tag.toLowerCase().split("-");
    if (language === "ko" || language === "en") return language;
  }
  return "en";
}

/** The reader's choice at an earlier visit, else the first of the browser's languages that the page speaks. */
export function initialLanguage(): Language {
  const kept = keptChoice("language");
  return pickLanguage(kept === null ? navigator.languages : [kept]);
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
