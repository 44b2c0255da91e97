/**
 * The details of a refusal, in either of its forms: the body of an HTTP answer ("Errors", `error.errors[].reason` and
 * `error.details[]`), or one entry of a failed operation's `error.errors[]`. Every field may be missing.
 */
import type { OperationError } from "../native.js"

export interface ErrorDetails {
  /** The most telling one first. */
  readonly codes: readonly string[]
  readonly message: string
  readonly metric?: string
  /** The series that a quota is of, where it has one for each ("vm_family" among its dimensions). */
  readonly family?: string
  /** The number that was reached, of a quota of requests, and the name of that limit. */
  readonly limit?: string
  readonly limitName?: string
  readonly link?: string
  /** What had no room, of a shortage ("Troubleshooting resource availability errors", `errorInfo.metadatas`). */
  readonly zone?: string
  readonly instanceType?: string
}

type Fields = Readonly<Record<string, unknown>>

function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {}
}

function listOf(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.map(fieldsOf) : []
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : typeof value === "number" ? String(value) : undefined
}

/**
 * The body of an answer that is no success; undefined for an answer that is not Google's. Some services put it in a list of
 * one.
 */
export function detailsIn(body: string, status: number): ErrorDetails | undefined {
  const { error } = fieldsOf(firstOf(parsed(body)))
  if (typeof error !== "object" || error === null) return undefined
  const { message, status: name, errors, details } = fieldsOf(error)
  const parts = partsOf(details)
  const reasons = [...[...parts, ...listOf(errors)].map(({ reason }) => reason), name]
  const codes = [...new Set([...reasons.flatMap((reason) => textOf(reason) ?? []), `HTTP ${status}`])]
  return combined(codes, textOf(message) ?? `HTTP ${status}`, parts)
}

function firstOf(value: unknown): unknown {
  return Array.isArray(value) ? value[0] : value
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

/** One entry of a failed operation's errors. */
export function detailsOf({ code, message, errorDetails }: OperationError): ErrorDetails {
  const parts = partsOf(errorDetails)
  const main = textOf(code) ?? "UNKNOWN"
  const codes = [...new Set([main, ...parts.flatMap(({ reason }) => textOf(reason) ?? [])])]
  return combined(codes, textOf(message) ?? main, parts)
}

/** In an answer each detail is of one kind, in an operation it has a field for each. */
function partsOf(details: unknown): readonly Fields[] {
  return listOf(details).flatMap((detail) => [
    detail,
    ...["errorInfo", "quotaInfo", "help"].map((of) => fieldsOf(detail[of])),
  ])
}

function combined(codes: readonly string[], message: string, parts: readonly Fields[]): ErrorDetails {
  const first = (field: string) => parts.map((part) => textOf(part[field])).find((value) => value !== undefined)
  // Compute Engine writes "metadatas", other services "metadata".
  const info: Fields = Object.assign(
    {},
    ...parts.flatMap(({ metadata, metadatas, dimensions }) => [metadata, metadatas, dimensions].map(fieldsOf)),
  ) as Fields
  const link = parts.flatMap(({ links }) => listOf(links)).map(({ url }) => textOf(url))[0]
  const found = {
    metric: first("metricName") ?? textOf(info.quota_metric) ?? metricIn(message),
    family: textOf(info.vm_family)?.toLowerCase(),
    limit: textOf(info.quota_limit_value),
    limitName: first("limitName") ?? textOf(info.quota_limit),
    link: link === undefined || message.includes(link) ? undefined : link,
    zone: textOf(info.zone),
    instanceType: textOf(info.vmType),
  }
  const known = Object.entries(found).filter(([, value]) => value !== undefined)
  return { codes, message, ...(Object.fromEntries(known) as Partial<ErrorDetails>) }
}

/** "Quota 'N2_CPUS' exceeded. Limit: 24.0 in region us-central1." */
function metricIn(message: string): string | undefined {
  return /quota '([A-Za-z0-9_]+)' exceeded/i.exec(message)?.[1]
}
