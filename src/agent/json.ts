/** An object as JSON has them: members by their names. */
export interface JsonObject {
  readonly [name: string]: unknown;
}

/** Whether a value is an object as JSON has them, and no list. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
