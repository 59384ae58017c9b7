const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Whether this is an id of a string: the service refuses every question in which another one stands. */
export function isId(value: unknown): value is string {
  return typeof value === "string" && ID.test(value);
}
