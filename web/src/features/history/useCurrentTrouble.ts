import { ApiError } from "../../api/apiError";
import { useCurrent } from "../pipeline/useVerdict";

/** Returns why strings cannot be read, for as long as that is so. */
export function useCurrentTrouble(error: Error | null): ApiError | null {
  const fault = error instanceof ApiError ? error : null;
  return useCurrent(fault?.trouble ?? null) && fault;
}
