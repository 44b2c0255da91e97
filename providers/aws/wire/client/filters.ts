/** Filters (EC2 User Guide, "Find your Amazon EC2 resources"): all must match, each by any of its values, `*` and `?` are wild. */
import { Refusal } from "./refusals.js"
import type { Value } from "./shapes.js"

export interface Filter {
  readonly name: string
  readonly values: readonly string[]
}

const MAX_FILTERS = 50
/** In one request, over all filters. */
const MAX_VALUES = 200
const MAX_LENGTH = 255

/** Reads the parameter `Filter`. */
export function filtersOf(parameter: Value | undefined): readonly Filter[] {
  const given = (parameter ?? []) as readonly { readonly Name: string; readonly Value?: readonly string[] }[]
  const filters = given.map(({ Name, Value: values = [] }) => ({ name: Name, values }))
  if (filters.length > MAX_FILTERS) {
    throw new Refusal(
      "FilterLimitExceeded",
      `The maximum number of filters specified on a single call is ${MAX_FILTERS}`,
    )
  }
  if (filters.reduce((sum, { values }) => sum + values.length, 0) > MAX_VALUES) {
    throw new Refusal(
      "FilterLimitExceeded",
      `The maximum number of filter values specified on a single call is ${MAX_VALUES}`,
    )
  }
  for (const { name, values } of filters) {
    if (values.length === 0)
      throw new Refusal("InvalidParameterValue", `The filter '${name}' must have at least one value`)
    if (values.some((value) => value.length > MAX_LENGTH)) {
      throw new Refusal(
        "InvalidParameterValue",
        `A value of the filter '${name}' is longer than ${MAX_LENGTH} characters`,
      )
    }
  }
  return filters
}

/** The texts that a thing has for a filter name; undefined for a name that is not one. */
export type TextsOf<T> = (thing: T, filterName: string) => readonly string[] | undefined

/** Whether a thing passes all filters. */
export function passes<T>(thing: T, filters: readonly Filter[], textsOf: TextsOf<T>): boolean {
  return filters.every(({ name, values }) => {
    const texts = textsOf(thing, name)
    if (texts === undefined) throw new Refusal("InvalidParameterValue", `The filter '${name}' is invalid`)
    return texts.some((text) => values.some((value) => matches(value, text)))
  })
}

/** The one text that a value stands for; undefined when it is a pattern. */
export function exactText(value: string): string | undefined {
  return /(^|[^\\])(\\\\)*[*?]/.test(value) ? undefined : value.replace(/\\([\\*?])/g, "$1")
}

function matches(value: string, text: string): boolean {
  const exact = exactText(value)
  if (exact !== undefined) return exact === text
  const pattern = value.replace(/\\[\\*?]|[\s\S]/g, (sign) => {
    if (sign === "*") return "[\\s\\S]*"
    if (sign === "?") return "[\\s\\S]"
    return sign.replace(/^\\(?=[*?\\])/, "").replace(/[.+^${}()|[\]\\*?]/g, "\\$&")
  })
  return new RegExp(`^${pattern}$`).test(text)
}
