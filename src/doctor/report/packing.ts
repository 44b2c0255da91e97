/** Packing: exchanges with each request and each answer once, as lists are mostly the same. Pure. */
import type { Exchange, Json } from "../../provider.js"
import type { ToldAnswer, ToldExchange, ToldRequest, WalkReport } from "./format.js"

type Packed = Pick<WalkReport, "requests" | "answers" | "texts" | "exchanges">

/** What is shorter stays whole. */
const LONG = 600

export function packed(all: readonly Exchange[]): Packed {
  const requests = new Places<ToldRequest>()
  const answers = new Places<ToldAnswer>()
  const texts = new Places<string>()
  const inParts = (body: string) => {
    const parts = partsOf(body)
    return parts === undefined ? structured(body) : { parts: parts.map((part) => texts.of(part)) }
  }
  const exchanges = all.map(({ api, at, ms, request, answer }): ToldExchange => {
    const { method, url, headers, body } = request
    const asked = requests.of({ api, method, url, headers, ...inParts(body) })
    if (answer === undefined) return { at, ms, request: asked }
    const told = answers.of({ status: answer.status, headers: answer.headers, ...inParts(answer.body) })
    return { at, ms, request: asked, answer: told }
  })
  return { requests: requests.all, answers: answers.all, texts: texts.all, exchanges }
}

/** The exchanges of a report, as the walk had them but for the stand-ins. */
export function exchangesOf({ exchanges, requests, answers, texts }: Packed): readonly Exchange[] {
  return exchanges.flatMap(({ at, ms, request: asked, answer: told }, number): readonly Exchange[] => {
    const request = requests[asked]
    const answer = told === undefined ? undefined : answers[told]
    if (request === undefined) return []
    const { api, method, url, headers } = request
    const sent = { method, url, headers, body: textOf(request.body) + whole(request.parts, texts) }
    if (answer === undefined) return [{ number, api, at, ms, request: sent }]
    const came = {
      status: answer.status,
      headers: answer.headers,
      body: textOf(answer.body) + whole(answer.parts, texts),
    }
    return [{ number, api, at, ms, request: sent, answer: came }]
  })
}

/** Of lists most items are the same again and again, and of launches most parameters. */
function partsOf(body: string): readonly string[] | undefined {
  if (body.length <= LONG) return undefined
  if (body.startsWith("<")) return body.split(/(?<=<\/(?:item|requestId|\w*State|placement|\w+Set)>)/)
  return /^[\w.]+=/.test(body) ? body.split(/(?=&)/) : undefined
}

/** A structure is written as one where its text is what comes of it again. */
function structured(body: string): { readonly body?: Json } {
  if (body === "") return {}
  if (!/^[{[]/.test(body)) return { body }
  try {
    const value = JSON.parse(body) as Json
    return { body: JSON.stringify(value) === body ? value : body }
  } catch {
    return { body }
  }
}

function whole(parts: readonly number[] = [], texts: readonly string[]): string {
  return parts.map((part) => texts[part] ?? "").join("")
}

function textOf(body: Json | undefined): string {
  if (body === undefined) return ""
  return typeof body === "string" ? body : JSON.stringify(body)
}

class Places<T> {
  readonly all: T[] = []
  readonly #places = new Map<string, number>()

  of(value: T): number {
    const key = JSON.stringify(value)
    const place = this.#places.get(key) ?? this.all.push(value) - 1
    this.#places.set(key, place)
    return place
  }
}
