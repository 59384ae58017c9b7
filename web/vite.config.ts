import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const apiOrigin = new URL(process.env.API_ORIGIN ?? "http://127.0.0.1:5000").origin;

// Names besides those of this machine, to which Vite answers anyway; the API is told the same.
const allowedHosts = process.env.ALLOWED_HOSTS?.split(",") ?? [];

// The same paths that nginx proxies to the API.
const proxy = {
  "^/(dummies(/|\\?|$)|pipeline(\\?|$)|openapi\\.json$|docs(/style\\.css)?$)": { target: apiOrigin },
};

export default defineConfig({
  plugins: [react()],
  server: { proxy, allowedHosts, strictPort: true },
  preview: { proxy, strictPort: true },
  build: {
    // The Content-Security-Policy allows nothing inline, data: addresses included.
    assetsInlineLimit: 0,
    // for prerender.js
    manifest: true,
    modulePreload: {
      polyfill: false,
      // prerender.js has the page's preloads, and src/code/fetchCode.ts fetches what is imported later
      resolveDependencies: (_, files, { hostType }) =>
        hostType === "html" ? [] : files.filter((file) => file.endsWith(".css")),
    },
  },
  test: {
    environment: "jsdom",
    environmentOptions: { jsdom: { url: "http://page.test/" } },
    setupFiles: "src/testing/setup.ts",
    restoreMocks: true,
    testTimeout: 60_000,
    maxWorkers: "100%",
  },
});
