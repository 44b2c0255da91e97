/** Which of a user's overrides the SDK does not know, and so would not send. */
import type { Json, JsonObject } from "../../../src/provider.js"

/** The paths of `given` whose values are not in `sent`: what a serializer has dropped without a word. */
export function missingFrom(given: JsonObject, sent: unknown): readonly string[] {
  const kept = new Set(leavesOf(sent as Json, "").map(({ name, value }) => `${name}=${value}`))
  return leavesOf(given, "")
    .filter(({ name, value }) => !kept.has(`${name}=${value}`))
    .map(({ path }) => path)
}

interface Leaf {
  readonly path: string
  readonly name: string
  readonly value: string
}

/** REST nests what the SDK has flat, so that only the last name of a path is the same in both. */
function leavesOf(value: Json, path: string): readonly Leaf[] {
  if (typeof value !== "object" || value === null) {
    return [{ path, name: path.slice(path.lastIndexOf(".") + 1), value: JSON.stringify(value) }]
  }
  const entries = Array.isArray(value) ? value.map((inner: Json) => [path, inner] as const) : Object.entries(value)
  return entries.flatMap(([key, inner]) =>
    leavesOf(inner as Json, Array.isArray(value) || path === "" ? key : `${path}.${key}`),
  )
}
