/** Redact: exchanges and sentences without anything that tells whose they are. First all names are learned, then they are replaced. */
import { createHash } from "node:crypto"
import type { Exchange } from "../../../provider.js"
import { parseHttpDate } from "../../../tables/times.js"
import {
  decoded,
  type Field,
  fieldOf,
  jsonOf,
  rewriteBody,
  rewriteForm,
  rewriteJson,
  type Rewriting,
} from "./bodies.js"
import { consoleText } from "./consoles.js"
import { classOf, isCloudsOwn, isFilledByUsers, isKeptKey, NAMED_SEGMENTS } from "./fields.js"
import { isHarmless } from "./harmless.js"
import { type TextOptions, Texts } from "./texts.js"

/** The headers that say something of the cloud. */
const HEADERS = new Set(
  `content-type x-amzn-requestid x-ms-request-id x-ms-correlation-request-id retry-after location azure-asyncoperation etag if-none-match if-match x-ms-error-code x-ms-version x-amz-target
   x-ms-ratelimit-remaining-resource x-ms-ratelimit-remaining-subscription-reads x-ms-ratelimit-remaining-subscription-writes
   x-ms-ratelimit-remaining-subscription-deletes x-ms-ratelimit-remaining-subscription-resource-requests
   x-ms-ratelimit-remaining-subscription-global-reads x-ms-ratelimit-remaining-subscription-global-writes
   x-ms-ratelimit-remaining-subscription-global-deletes www-authenticate`.split(/\s+/),
)

const BULK = "replaced"
const NOBODY = "00000000-0000-0000-0000-000000000000"
/** As deep as texts are looked for in texts. */
const DEEPEST = 4

export class Redactor {
  readonly #texts: Texts
  readonly #own: readonly string[]
  readonly #bulks = new Map<string, string>()
  #isAnswer = false
  /** Only looks, so that a name is known before the first place where it is replaced. */
  #isLearning = false

  constructor(options: TextOptions) {
    this.#texts = new Texts(options)
    this.#own = options.own
  }

  /** Names that are known beforehand: owner, cluster, machine, user. */
  learn(...names: readonly string[]): void {
    for (const name of names) this.#texts.learn(name)
  }

  learnFrom(exchanges: readonly Exchange[]): void {
    this.#isLearning = true
    for (const exchange of exchanges) this.exchange(exchange)
    this.#isLearning = false
  }

  exchange(exchange: Exchange): Exchange {
    const { request, answer } = exchange
    this.#isAnswer = false
    const sent = {
      method: this.sentence(request.method),
      url: this.url(request.url),
      headers: this.#headers(request.headers, request.body === ""),
      body: this.body(request.body, request.headers["content-type"] ?? ""),
    }
    const told = { ...exchange, api: this.sentence(exchange.api), request: sent }
    if (answer === undefined) return told
    this.#isAnswer = true
    const { headers, body } = answer
    const came = {
      headers: { ...this.#headers(headers), ...this.#undated(headers) },
      body: this.body(body, headers["content-type"] ?? ""),
    }
    return { ...told, answer: { ...answer, ...came } }
  }

  /** Our own words, with what clouds have said among them. */
  sentence(text: string): string {
    return this.#linked(text)
  }

  /** A name by itself. */
  name(name: string): string {
    return this.#texts.isOwn(name) ? name : this.#texts.forced(name)
  }

  /** Each text in a value that is plain JSON. */
  value(value: unknown): unknown {
    return rewriteJson(value, [], undefined, {
      text: ({ text }) => this.sentence(text),
      name: (name) => this.#name(name, []),
    })
  }

  /** A value that is plain JSON, by the names of its fields, as in a body. */
  fields(value: unknown): unknown {
    return rewriteJson(value, [], undefined, this.#rewriting(0))
  }

  url(url: string): string {
    const [, origin = "", path = "", query] = /^([a-z][a-z\d+.-]*:\/\/[^/?#]*)?([^?#]*)(?:\?([^#]*))?/is.exec(url) ?? []
    const host = origin.replace(/\/\/[^@]*@/, "//")
    const segments = this.#linked(path.split("/").map(decoded).join("/"))
    const told = segments.split("/").map(encoded).join("/")
    return `${this.#linked(host)}${told}${query === undefined ? "" : `?${rewriteForm(query, this.#rewriting(0))}`}`
  }

  body(body: string, contentType: string, depth = 0): string {
    return rewriteBody(body, contentType, this.#rewriting(depth))
  }

  #rewriting(depth: number): Rewriting {
    return { text: (field) => this.#field(field, depth), name: (name, path) => this.#name(name, path) }
  }

  #headers(headers: Readonly<Record<string, string>>, isBare = false): Readonly<Record<string, string>> {
    const kept = Object.entries(headers).filter(([name]) => HEADERS.has(name) && !(isBare && name === "content-type"))
    return Object.fromEntries(kept.map(([name, value]) => [name, this.#field(fieldOf(value, [name]), 0)]))
  }

  /** A date that is as it should be is of no use, and would make each answer another one. */
  #undated({ date = "" }: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
    return parseHttpDate(date) === undefined ? { date: this.#field(fieldOf(date, ["date"]), 0) } : {}
  }

  #name(name: string, path: readonly string[]): string {
    if (isKeptKey(name) || this.#texts.isOwn(name)) return name
    if (!isFilledByUsers(path)) return this.#linked(name)
    if (name.includes("/")) return this.#linked(name)
    this.#texts.learn(name)
    return this.#texts.forced(name)
  }

  #field(field: Field, depth: number): string {
    const { text } = field
    if (text === "" || this.#texts.isOwn(text)) return text
    switch (classOf(field)) {
      case "request":
        // That of a request is its token; that of an answer is of use to nobody else.
        return this.#isAnswer ? NOBODY : this.#texts.plain(text)
      case "bulk":
        return this.#bulk(text)
      case "private":
        return this.#forced(text)
      case "name":
        return text.includes("/") || isCloudsOwn(text) ? this.#linked(text) : this.#forced(text)
      case "console":
        return this.#console(text)
      case "plain":
        return this.#plain(field, depth)
    }
  }

  /** Each has its own, so that what guests have told of its digest can be compared with it. */
  #bulk(text: string): string {
    const known = this.#bulks.get(text)
    if (known !== undefined) return known
    const plain = `${BULK} ${this.#bulks.size + 1}`
    const told = isBase64(text) ? Buffer.from(plain).toString("base64") : plain
    this.#bulks.set(text, told)
    this.#texts.replaceDigest(digestOf(text), digestOf(told))
    if (isBase64(text)) this.#texts.replaceDigest(digestOf(Buffer.from(text, "base64")), digestOf(plain))
    return told
  }

  #forced(text: string): string {
    this.#texts.learn(text)
    return this.#texts.forced(text)
  }

  #plain({ text }: Field, depth: number): string {
    if (isHarmless(text)) return text
    if (/^[a-z][a-z\d+.-]*:\/\//i.test(text) && !/\s/.test(text)) return this.url(text)
    if (depth < DEEPEST) {
      if (/^\s*[{[]/.test(text) && jsonOf(text) !== undefined) return this.body(text, "application/json", depth + 1)
      const inner = fromBase64(text)
      if (inner !== undefined) {
        const told = inner.includes("\n") ? this.#console(inner) : this.#field(fieldOf(inner, []), depth + 1)
        return Buffer.from(told).toString("base64")
      }
    }
    return /[\n\r]/.test(text) && depth <= 1 && !/^\s*</.test(text) ? this.#console(text) : this.#linked(text)
  }

  #console(text: string): string {
    const inner = fromBase64(text)
    if (inner !== undefined) return Buffer.from(this.#console(inner)).toString("base64")
    return consoleText(text, this.#own, (line) => this.sentence(line))
  }

  /** With the names in its paths. */
  #linked(text: string): string {
    let told = ""
    let from = 0
    for (const found of text.matchAll(NAMED_SEGMENTS)) {
      const [name] = found
      if (!this.#texts.isOwn(name)) this.#texts.learn(name)
      told += this.#told(text.slice(from, found.index)) + this.#texts.forced(name)
      from = found.index + name.length
    }
    return told + this.#told(text.slice(from))
  }

  /** While names are learned there is nothing to replace. */
  #told(text: string): string {
    return this.#isLearning ? text : this.#texts.plain(text)
  }
}

function encoded(segment: string): string {
  return encodeURIComponent(segment).replace(/%(3A|40|24|2C|3B|3D|2B|26)/gi, (sign) => decodeURIComponent(sign))
}

function isBase64(text: string): boolean {
  return text.length >= 8 && text.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(text)
}

function digestOf(text: string | Buffer): string {
  return createHash("sha256").update(text).digest("hex")
}

/** What a text in base64 says; undefined where it says nothing readable. */
function fromBase64(text: string): string | undefined {
  const joined = text.replace(/\s/g, "")
  if (joined.length < 16 || !isBase64(joined)) return undefined
  const inner = Buffer.from(joined, "base64").toString("utf8")
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what has others is no text.
  return /^[^\x00-\x08\x0e-\x1a\x1c-\x1f\ufffd]+$/.test(inner) ? inner : undefined
}
