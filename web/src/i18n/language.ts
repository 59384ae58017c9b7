import { createContext, useContext } from "react";
import { en, type Messages } from "./en";
import { ko } from "./ko";

export type Language = "en" | "ko";

const MESSAGES: Record<Language, Messages> = { en, ko };

export const LanguageContext = createContext<Language>("en");

/** The first of the browser's languages that the page speaks. */
export function pickLanguage(preferred: readonly string[]): Language {
  for (const tag of preferred) {
    const [language] = tag.toLowerCase().split("-");
    if (language === "ko" || language === "en") return language;
  }
  return "en";
}

export function useLanguage(): Language {
  return useContext(LanguageContext);
}

export function useMessages(): Messages {
  return MESSAGES[useLanguage()];
}
