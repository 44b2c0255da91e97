/** What each action takes, and the refusal of everything else ("Common errors" and "Error codes for the Amazon EC2 API"). */
import type { Parameter, Parameters } from "./query.js"
import { Refusal } from "./refusals.js"

/** `struct` members with a `!` must be given. An array is one of these values. */
export type Shape =
  | "string"
  | "boolean"
  | "integer"
  | readonly string[]
  | { readonly list: Shape }
  | { readonly struct: Readonly<Record<string, Shape>> }

export type Value = string | number | boolean | readonly Value[] | { readonly [name: string]: Value }

/** Parameters with their types: numbers for integers, booleans for booleans. */
export type Values = { readonly [name: string]: Value }

/** @throws Refusal for what is unknown, missing or of the wrong type. */
export function checkParameters(parameters: Parameters, members: Readonly<Record<string, Shape>>): Values {
  return checkStruct(parameters, members, "")
}

function checkStruct(given: Parameters, members: Readonly<Record<string, Shape>>, path: string): Values {
  const values: Record<string, Value> = {}
  for (const [name, value] of Object.entries(given)) {
    const shape = members[name] ?? members[`${name}!`]
    if (shape === undefined) throw new Refusal("UnknownParameter", `The parameter ${path}${name} is not recognized`)
    values[name] = check(value, shape, `${path}${name}`)
  }
  for (const name of Object.keys(members)) {
    if (!name.endsWith("!") || values[name.slice(0, -1)] !== undefined) continue
    throw new Refusal("MissingParameter", `The request must contain the parameter ${path}${name.slice(0, -1)}`)
  }
  return values
}

function check(value: Parameter, shape: Shape, path: string): Value {
  if (typeof shape === "object" && "list" in shape) {
    if (!isList(value)) throw malformed(path, "a list")
    return value.map((item, index) => check(item, shape.list, `${path}.${index + 1}`))
  }
  if (typeof shape === "object" && "struct" in shape) {
    if (typeof value !== "object" || isList(value)) throw malformed(path, "a structure")
    return checkStruct(value, shape.struct, `${path}.`)
  }
  if (typeof value !== "string") throw malformed(path, "a value")
  return checkText(value, shape, path)
}

function checkText(text: string, shape: "string" | "boolean" | "integer" | readonly string[], path: string): Value {
  if (shape === "string") return text
  if (shape === "integer") {
    if (!/^-?\d{1,9}$/.test(text)) throw malformed(path, "an integer", text)
    return Number(text)
  }
  if (shape === "boolean") {
    if (text !== "true" && text !== "false") throw malformed(path, "a boolean", text)
    return text === "true"
  }
  if (!shape.includes(text)) {
    throw new Refusal(
      "InvalidParameterValue",
      `Value (${text}) for parameter ${path} is invalid. Valid values: ${shape.join(", ")}`,
    )
  }
  return text
}

function isList(value: Parameter): value is readonly Parameter[] {
  return Array.isArray(value)
}

function malformed(path: string, expected: string, text = ""): Refusal {
  return new Refusal(
    "InvalidParameterValue",
    `Value (${text}) for parameter ${path} is invalid. It must be ${expected}.`,
  )
}

export const FILTERS: Shape = { list: { struct: { "Name!": "string", Value: { list: "string" } } } }

const TAGS: Shape = { list: { struct: { "Key!": "string", Value: "string" } } }

export function tagSpecifications(...kinds: readonly string[]): Shape {
  return { list: { struct: { "ResourceType!": kinds, Tag: TAGS } } }
}
