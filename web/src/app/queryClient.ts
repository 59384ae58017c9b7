import { QueryClient } from "@tanstack/react-query";

/**
 * Every request has a schedule of its own, so the library retries and refetches nothing by itself.
 *
 * `always`: a browser that thinks it is offline may still reach a service on its own network.
 */
export function newQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        retry: false,
        networkMode: "always",
        refetchOnWindowFocus: false,
        refetchOnReconnect: false,
      },
      mutations: { retry: false, networkMode: "always", gcTime: 0 },
    },
  });
}
