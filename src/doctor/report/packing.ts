/** Packing: exchanges with each request, each answer and each text once, and most texts as what differs from another. Pure. */
import type { Exchange } from "../../provider.js"
import type { ToldAnswer, ToldExchange, ToldRequest, WalkReport } from "./format.js"
import { Likenesses, textsOf } from "./likeness.js"

type Packed = Pick<WalkReport, "requests" | "answers" | "bodies" | "texts" | "exchanges">

/** What is shorter stays whole. */
const LONG = 600

export function packed(all: readonly Exchange[]): Packed {
  const requests = new Places<ToldRequest>()
  const answers = new Places<ToldAnswer>()
  const bodies = new Places<readonly number[]>()
  const texts = new Likenesses()
  const told = ({ headers, body }: Message) => ({
    headers: texts.of(linesOf(headers)),
    ...(body === "" ? {} : { body: bodies.of(partsOf(body).map((part) => texts.of(part))) }),
  })
  const exchanges = all.map(({ api, at, ms, request, answer }): ToldExchange => {
    const { method, url } = request
    const asked = requests.of({ api, method, url: texts.of(url), ...told(request) })
    if (answer === undefined) return { at, ms, request: asked }
    return { at, ms, request: asked, answer: answers.of({ status: answer.status, ...told(answer) }) }
  })
  return { requests: requests.all, answers: answers.all, bodies: bodies.all, texts: texts.all, exchanges }
}

interface Message {
  readonly headers: Headers
  readonly body: string
}

type Headers = Readonly<Record<string, string>>

/** The exchanges of a report, as the walk had them but for the stand-ins. */
export function exchangesOf(packing: Packed): readonly Exchange[] {
  const { exchanges, requests, answers, bodies } = packing
  const texts = textsOf(packing.texts)
  const textOf = (place: number) => texts[place] ?? ""
  const messageOf = ({ headers, body = -1 }: Pick<ToldRequest, "headers" | "body">): Message => ({
    headers: headersIn(textOf(headers)),
    body: (bodies[body] ?? []).map(textOf).join(""),
  })
  return exchanges.flatMap(({ at, ms, request: asked, answer: told }, number): readonly Exchange[] => {
    const request = requests[asked]
    const answer = told === undefined ? undefined : answers[told]
    if (request === undefined) return []
    const { api, method, url } = request
    const sent = { method, url: textOf(url), ...messageOf(request) }
    if (answer === undefined) return [{ number, api, at, ms, request: sent }]
    return [{ number, api, at, ms, request: sent, answer: { status: answer.status, ...messageOf(answer) } }]
  })
}

/** As HTTP has them: "name: value", a line each. */
function linesOf(headers: Headers): string {
  return Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}`)
    .join("\n")
}

function headersIn(lines: string): Headers {
  const pairs = lines.split("\n").map((line) => line.split(/: (.*)/s))
  return Object.fromEntries(pairs.flatMap(([name = "", value]) => (value === undefined ? [] : [[name, value]])))
}

/** Of lists most items are the same again and again, and of launches most parameters. */
function partsOf(body: string): readonly string[] {
  if (body.length <= LONG) return [body]
  if (body.startsWith("<")) return body.split(/(?<=<\/(?:item|requestId|\w*State|placement|\w+Set)>)/)
  if (/^[\w.]+=/.test(body)) return body.split(/(?=&)/)
  const parts = /^[{[]/.test(body) ? body.split(/(?=\{"(?:id|name|kind)":)/) : []
  return parts.length > 2 ? parts : [body]
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
