import { createContext, useContext } from "react";
import { en, type Messages } from "./en";
import { ko } from "./ko";

export type Language = "en" | "ko";

const MESSAGES: Record<Language, Messages> = { en, ko };
const KEY = "ix-dummies:language";

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
  try {
    const kept = localStorage.getItem(KEY);
    return pickLanguage(kept ? [kept] : navigator.languages);
  } catch {
    return pickLanguage(navigator.languages);
  }
}

/** Keeps the reader's choice, where the browser lets pages keep anything. */
export function keepLanguage(language: Language): void {
  try {
    localStorage.setItem(KEY, language);
  } catch {
    // the choice holds until the page is closed
  }
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
