import type { components } from "./schema.gen";

/** A body of the HTTP contract, by the name it has in the OpenAPI document. */
export type Schema<Name extends keyof components["schemas"]> = components["schemas"][Name];
