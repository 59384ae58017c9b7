import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { loadApiOrigin } from "./api/origin";
import { newQueryClient } from "./app/queryClient";
import { Root } from "./app/Root";
import { parseRoute } from "./app/router";
import { restoreTheme } from "./app/theme";
import "./app/theme.css";
import { tolerateMovedNodes } from "./app/tolerateMovedNodes";
import { loadFirst } from "./app/View";
import { openStore } from "./features/strings/openStore";
import { initialLanguage } from "./i18n/language";

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");

tolerateMovedNodes();
const { store, persists } = openStore();
const language = initialLanguage();
document.documentElement.lang = language;
restoreTheme();

void loadApiOrigin();
const queryClient = newQueryClient();
await loadFirst(queryClient, parseRoute(window.location.hash));
createRoot(root).render(
  <StrictMode>
    <Root language={language} store={store} queryClient={queryClient} persists={persists} />
  </StrictMode>,
);
