/** Packed: records in which a long text (user data) stands by its digest, so that it is written once and not for each of them. */
import type { Json, JsonObject } from "../../provider.js"

/** A text longer than this is stored once and named by its digest. */
const LONGEST_INLINE_TEXT = 256

/**
 * A record as JSON, in which long texts stand by the names that `name` gives them. One native walk over the record: to copy
 * it piece by piece first takes five times as long, and a burst has a record for each launch call.
 */
export function pack(record: JsonObject, name: (text: string) => string): string {
  const wrappers = new WeakSet<object>()
  return JSON.stringify(record, function (this: object, _key: string, value: Json): Json {
    if (typeof value === "string") return value.length > LONGEST_INLINE_TEXT ? { $text: name(value) } : value
    if (typeof value !== "object" || value === null || wrappers.has(this)) return value
    if (!("$text" in value || "$plain" in value)) return value
    // An object of the user's own that looks like one of ours.
    const wrapper = { $plain: value }
    wrappers.add(wrapper)
    return wrapper
  })
}

/** The opposite, once JSON is read. A text that is not known is empty. */
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
