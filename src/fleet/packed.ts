/** Packed: records in which a long text (user data) stands by its digest, so that it is written once and not for each of them. */
import type { Json, JsonObject } from "../provider.js"

/** A text longer than this is stored once and named by its digest. */
const LONGEST_INLINE_TEXT = 256

/** Replaces long texts by the names that `name` gives them. */
export function pack(value: Json, name: (text: string) => string): Json {
  if (typeof value === "string") return value.length > LONGEST_INLINE_TEXT ? { $text: name(value) } : value
  if (Array.isArray(value)) return value.map((item: Json) => pack(item, name))
  if (typeof value !== "object" || value === null) return value
  const packed = Object.fromEntries(Object.entries(value).map(([key, item]) => [key, pack(item as Json, name)]))
  // An object of the user's own that looks like one of ours.
  return "$text" in value || "$plain" in value ? { $plain: packed } : packed
}

/** The opposite. A text that is not known is empty. */
export function unpack(value: Json, texts: ReadonlyMap<string, string>): Json {
  if (Array.isArray(value)) return value.map((item: Json) => unpack(item, texts))
  if (typeof value !== "object" || value === null) return value
  const { $text: named, $plain: plain } = value as JsonObject
  if (typeof named === "string") return texts.get(named) ?? ""
  if (plain !== undefined) return unpackEntries(plain as JsonObject, texts)
  return unpackEntries(value as JsonObject, texts)
}

function unpackEntries(value: JsonObject, texts: ReadonlyMap<string, string>): JsonObject {
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, unpack(item as Json, texts)]))
}
