/** Partial responses: `fields=items(name,zone),nextPageToken` ("Performance tips"). */
import type { Json } from "../../../../src/provider.js"
import { Refusal } from "./refusals.js"

/** The fields that are kept below a name; "all" where the mask ends. */
type Mask = { readonly [name: string]: Mask | "all" }

export function masked(value: Json, fields: string | undefined): Json {
  return fields === undefined || fields === "" ? value : keep(value, parse(fields))
}

function keep(value: Json, mask: Mask | "all"): Json {
  if (mask === "all" || typeof value !== "object" || value === null) return value
  if (Array.isArray(value)) return value.map((item: Json) => keep(item, mask))
  return Object.fromEntries(
    Object.entries(value as Readonly<Record<string, Json>>).flatMap(([name, inner]) => {
      const below = mask[name] ?? mask["*"]
      return below === undefined ? [] : [[name, keep(inner, below)] as const]
    }),
  )
}

function parse(fields: string): Mask {
  let mask: Mask = {}
  for (const part of parts(fields)) {
    const match = /^([^/()]+)(?:\/(.+)|\((.+)\))?$/.exec(part)
    if (match === null) throw new Refusal(400, "invalidParameter", `Invalid field selection ${part}`)
    const [, name = "", path, list] = match
    const below = path ?? list
    mask = joined(mask, { [name]: below === undefined ? "all" : parse(below) })
  }
  return mask
}

function joined(a: Mask, b: Mask): Mask {
  const merged: Record<string, Mask | "all"> = { ...a }
  for (const [name, mask] of Object.entries(b)) {
    const before = merged[name]
    merged[name] = before === undefined ? mask : before === "all" || mask === "all" ? "all" : joined(before, mask)
  }
  return merged
}

/** Split at the commas that are in no parentheses. */
function parts(fields: string): readonly string[] {
  const found: string[] = [""]
  let depth = 0
  for (const sign of fields) {
    depth += sign === "(" ? 1 : sign === ")" ? -1 : 0
    if (sign === "," && depth === 0) found.push("")
    else found[found.length - 1] += sign
  }
  return found
}
