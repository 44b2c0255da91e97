/** Packing: exchanges with each request, each answer and each body once, as lists are mostly the same. Pure. */
import type { Exchange, Json } from "../../provider.js"
import type { ToldAnswer, ToldBody, ToldExchange, ToldRequest, WalkReport } from "./format.js"

type Packed = Pick<WalkReport, "requests" | "answers" | "bodies" | "texts" | "exchanges">

/** What is shorter stays whole. */
const LONG = 600

export function packed(all: readonly Exchange[]): Packed {
  const requests = new Places<ToldRequest>()
  const answers = new Places<ToldAnswer>()
  const bodies = new Places<ToldBody>()
  const texts = new Places<string>()
  const bodyOf = (body: string): { readonly body?: number } => {
    if (body === "") return {}
    const parts = partsOf(body)
    return { body: bodies.of(parts === undefined ? wholeOf(body) : { parts: parts.map((part) => texts.of(part)) }) }
  }
  const exchanges = all.map(({ api, at, ms, request, answer }): ToldExchange => {
    const { method, url, headers, body } = request
    const asked = requests.of({ api, method, url, headers, ...bodyOf(body) })
    if (answer === undefined) return { at, ms, request: asked }
    const told = answers.of({ status: answer.status, headers: answer.headers, ...bodyOf(answer.body) })
    return { at, ms, request: asked, answer: told }
  })
  return { requests: requests.all, answers: answers.all, bodies: bodies.all, texts: texts.all, exchanges }
}

/** The exchanges of a report, as the walk had them but for the stand-ins. */
export function exchangesOf(packing: Packed): readonly Exchange[] {
  const { exchanges, requests, answers } = packing
  return exchanges.flatMap(({ at, ms, request: asked, answer: told }, number): readonly Exchange[] => {
    const request = requests[asked]
    const answer = told === undefined ? undefined : answers[told]
    if (request === undefined) return []
    const { api, method, url, headers } = request
    const sent = { method, url, headers, body: textOf(packing, request.body) }
    if (answer === undefined) return [{ number, api, at, ms, request: sent }]
    const came = { status: answer.status, headers: answer.headers, body: textOf(packing, answer.body) }
    return [{ number, api, at, ms, request: sent, answer: came }]
  })
}

/** Of lists most items are the same again and again, and of launches most parameters. */
function partsOf(body: string): readonly string[] | undefined {
  if (body.length <= LONG) return undefined
  if (body.startsWith("<")) return body.split(/(?<=<\/(?:item|requestId|\w*State|placement|\w+Set)>)/)
  if (/^[\w.]+=/.test(body)) return body.split(/(?=&)/)
  const parts = /^[{[]/.test(body) ? body.split(/(?=\{"(?:id|name|kind)":)/) : []
  return parts.length > 2 ? parts : undefined
}

/** A structure is written as one where its text is what comes of it again. */
function wholeOf(body: string): ToldBody {
  if (!/^[{[]/.test(body)) return { text: body }
  try {
    const value = JSON.parse(body) as Json
    return JSON.stringify(value) === body ? { json: value } : { text: body }
  } catch {
    return { text: body }
  }
}

function textOf({ bodies, texts }: Packed, place: number | undefined): string {
  const body = place === undefined ? undefined : bodies[place]
  if (body === undefined) return ""
  if ("text" in body) return body.text
  return "json" in body ? JSON.stringify(body.json) : body.parts.map((part) => texts[part] ?? "").join("")
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
