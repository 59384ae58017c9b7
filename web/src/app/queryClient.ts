import { onlineManager, QueryClient } from "@tanstack/react-query";

/**
 * Each query sets its own retries and intervals, so automatic retries and refetches are off.
 *
 * Reads are tried once, and their retries wait while the service is known to be unavailable (useWaking). What the browser
 * says about being offline does not count: it may still reach a service on the local network.
 */
export function newQueryClient(): QueryClient {
  onlineManager.setEventListener(() => undefined);
  return new QueryClient({
    defaultOptions: {
      queries: {
        retry: false,
        networkMode: "offlineFirst",
        refetchOnWindowFocus: false,
        refetchOnReconnect: false,
      },
      mutations: { retry: false, networkMode: "always", gcTime: 0 },
    },
  });
}
