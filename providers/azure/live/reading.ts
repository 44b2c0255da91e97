/** Reading: what an exchange of a walk says, as far as it can be read. What comes back may be anything at all. Pure. */
import type { Exchange, WalkWorker } from "../../../src/provider.js"
import type { Api } from "../limits.js"

/** An answer of Azure's own, of which something may be concluded. */
export interface Reading {
  readonly exchange: Exchange
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Parsed; undefined where the answer has no body. */
  readonly body: unknown
}

/** They tell of the login, of a throttle or of a server that is out of order, and of nothing else. */
const EMPTY_WORDS: ReadonlySet<number> = new Set([401, 403, 407, 408, 429])

/** Undefined where none came, where it is a failure or a throttle, and where it is no JSON: a page of a proxy's. */
export function readingOf(exchange: Exchange): Reading | undefined {
  const { answer } = exchange
  if (answer === undefined || answer.status < 200 || answer.status >= 500 || EMPTY_WORDS.has(answer.status))
    return undefined
  const { status, headers } = answer
  if (answer.body === "") return { exchange, status, headers, body: undefined }
  try {
    const body = JSON.parse(answer.body.replace(/^\uFEFF/, "")) as unknown
    return typeof body === "object" && body !== null ? { exchange, status, headers, body } : undefined
  } catch {
    return undefined
  }
}

/** Those of these requests that can be read, in their order. */
export function readingsOf(exchanges: readonly Exchange[], ...apis: readonly Api[]): readonly Reading[] {
  const own = exchanges.filter(({ api }) => (apis as readonly string[]).includes(api))
  return own.flatMap((exchange) => readingOf(exchange) ?? [])
}

/** The last of these requests, where it can be read: a failure after it makes what was read before it old. */
export function lastReading(exchanges: readonly Exchange[], api: Api): Reading | undefined {
  const last = exchanges.filter((exchange) => exchange.api === api).at(-1)
  return last === undefined ? undefined : readingOf(last)
}

export function isDone({ status }: Reading): boolean {
  return status < 300
}

/** Whether a request was about this machine, by the last segment of its path. */
export function isAbout({ request }: Exchange, { made }: Pick<WalkWorker, "made">): boolean {
  return nameIn(request.url) === made.name
}

/** The last segment of a URL's path, in lower case; "" where it is no URL. */
export function nameIn(url: string): string {
  return URL.canParse(url) ? (new URL(url).pathname.split("/").at(-1) ?? "").toLowerCase() : ""
}

/** What stands there; undefined where something on the way is no object, or has no such member. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((inner, key) => {
    if (typeof inner !== "object" || inner === null) return undefined
    return (inner as Readonly<Record<string | number, unknown>>)[key]
  }, value)
}

export function textAt(value: unknown, ...path: readonly (string | number)[]): string | undefined {
  const found = at(value, ...path)
  return typeof found === "string" ? found : undefined
}

/** Undefined where it is no list. */
export function listAt(value: unknown, ...path: readonly (string | number)[]): readonly unknown[] | undefined {
  const found = at(value, ...path)
  return Array.isArray(found) ? found : undefined
}

/** The code of a refusal; "" where it has none. */
export function codeOf({ body }: Reading): string {
  return textAt(body, "error", "code") ?? textAt(body, "code") ?? ""
}

/** "404 ResourceNotFound" */
export function wordsOf(reading: Reading): string {
  return `${reading.status} ${codeOf(reading)}`.trim()
}

/** The last segment of an id, in lower case. */
export function endOf(id: string): string {
  return id.slice(id.lastIndexOf("/") + 1).toLowerCase()
}

/** Resource ids are the same in any case. */
export function isSameId(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && b !== undefined && a.toLowerCase() === b.toLowerCase()
}
