/**
 * Reading: what an exchange says, field by field. An answer may be anything: what is not as Compute Engine writes it says nothing, and
 * neither does a failure of the server, a throttle, or a right that is missing. Pure.
 */
import type { Exchange } from "../../../src/provider.js"

export type Fields = Readonly<Record<string, unknown>>

/** An answer that is evidence. */
export interface Answer {
  readonly exchange: Exchange
  readonly status: number
  /** Of a success its resource, of a refusal its `error`. */
  readonly fields: Fields
}

/** Refusals that are about who asks, or how often. */
const ABOUT_THE_CALLER: ReadonlySet<number> = new Set([401, 403, 407, 408, 429])

/** Undefined where none came, where it is not Compute Engine's, and where it is evidence of nothing. */
export function answerIn(exchange: Exchange | undefined): Answer | undefined {
  if (exchange?.answer === undefined) return undefined
  const { status, body } = exchange.answer
  const whole = fieldsOf(parsed(body))
  if (status >= 200 && status < 300)
    return textAt(whole, "kind")?.startsWith("compute#") === true ? { exchange, status, fields: whole } : undefined
  if (status < 400 || status >= 500 || ABOUT_THE_CALLER.has(status)) return undefined
  const fields = fieldsOf(whole.error)
  return textAt(fields, "message") === undefined ? undefined : { exchange, status, fields }
}

export function isSuccess({ status }: Answer): boolean {
  return status < 300
}

/** The reasons of a refusal: "notFound", "invalid". */
export function reasonsIn({ fields }: Answer): readonly string[] {
  return listAt(fields, "errors").flatMap((one) => textAt(one, "reason") ?? [])
}

/** What was refused, in short, for a person. */
export function refusalText(answer: Answer): string {
  const message = textAt(answer.fields, "message") ?? ""
  return `HTTP ${answer.status} ${reasonsIn(answer).join(", ")}: ${message.slice(0, 160)}`
}

export function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {}
}

export function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, name) => fieldsOf(inner)[name], value)
}

export function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  const found = at(value, ...path)
  return typeof found === "string" ? found : undefined
}

/** A number may come as a decimal text. */
export function numberAt(value: unknown, ...path: readonly string[]): number | undefined {
  const found = at(value, ...path)
  if (typeof found === "number") return found
  return typeof found === "string" && /^-?\d+$/.test(found) ? Number(found) : undefined
}

/** Of a list its objects; none where it is no list. */
export function listAt(value: unknown, ...path: readonly string[]): readonly Fields[] {
  const found = at(value, ...path)
  return Array.isArray(found) ? found.map(fieldsOf) : []
}

/** The items of a list that was answered; undefined where the answer is none. A list of nothing has no `items`. */
export function itemsIn(answer: Answer | undefined): readonly Fields[] | undefined {
  if (answer === undefined || !isSuccess(answer)) return undefined
  const { items, warning, kind } = answer.fields
  if (warning !== undefined || !String(kind).endsWith("List")) return undefined
  if (items === undefined) return []
  return Array.isArray(items) ? items.map(fieldsOf) : undefined
}

/** A parameter of the request's address. */
export function parameterOf({ request: { url } }: Exchange, name: string): string | undefined {
  return URL.canParse(url) ? (new URL(url).searchParams.get(name) ?? undefined) : undefined
}

/** The last part of the path that an address has. */
export function pathOf({ request: { url } }: Exchange): string {
  return URL.canParse(url) ? new URL(url).pathname : ""
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}
