import { QueryClient } from "@tanstack/react-query";

/**
 * Each query sets its own retries and intervals, so automatic retries and refetches are off.
 *
 * `networkMode: "always"`: a browser that reports being offline may still reach a service on the local network.
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
