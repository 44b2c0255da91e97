/** Unsafe keys: `__proto__` as a name, which a copy of an object loses or takes for its prototype. Pure. */
import type { SpecProblem } from "../errors.js"

/** What a user writes is not nested more deeply, and what is may have a circle. */
const MOST_LEVELS = 20

/** Where in plain data a key is called so. What a class has made is not looked into. */
export function unsafeKeys(at: string, value: unknown, levels = MOST_LEVELS): readonly SpecProblem[] {
  if (levels === 0 || !isPlain(value)) return []
  return Object.keys(value).flatMap((key) => {
    const option = `${at}.${key}`
    if (key === "__proto__") return [{ option, message: "__proto__ is no name here; use another" }]
    return unsafeKeys(option, (value as Readonly<Record<string, unknown>>)[key], levels - 1)
  })
}

function isPlain(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return Array.isArray(value) || prototype === Object.prototype || prototype === null
}
