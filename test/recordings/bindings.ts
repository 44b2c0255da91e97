/** Bindings: what a request that is played says in the place of what the recorded one said; answers say it back. */
import { createHash } from "node:crypto"
import { rewriteBody } from "../../src/doctor/report/redact/bodies.js"
import { isHarmless } from "../../src/doctor/report/redact/harmless.js"
import type { Leaf } from "./leaves.js"

/** What is longer is no name; its digest may be told. */
const LONGEST = 200

export class Bindings {
  readonly #live = new Map<string, string>()
  #expression: RegExp | undefined

  /** @returns how alike they are; undefined: they ask for different things. */
  likeness(recorded: readonly Leaf[], live: readonly Leaf[]): number | undefined {
    let alike = 0
    for (const [at, { place, value }] of recorded.entries()) {
      const asked = live[at]?.value ?? ""
      if (value === asked || this.#liveOf(value)?.toLowerCase() === asked.toLowerCase()) alike += 1
      else if (isFixed(place, value)) return undefined
    }
    return alike
  }

  bind(recorded: readonly Leaf[], live: readonly Leaf[]): void {
    for (const [at, { value }] of recorded.entries()) this.#bind(value, live[at]?.value ?? "")
  }

  #bind(recorded: string, live: string): void {
    if (recorded === live || recorded === "" || live === "") return
    this.#set(digestOf(recorded), digestOf(live))
    this.#set(digestOf(plainOf(recorded)), digestOf(plainOf(live)))
    if (recorded.length > LONGEST) return
    if (!isHarmless(recorded)) this.#set(recorded, live)
    if (live.length > LONGEST) return
    const [parts, others] = [recorded, live].map((text) => text.split(/[^A-Za-z\d]+/))
    if (parts?.length === others?.length)
      for (const [at, part] of (parts ?? []).entries()) if (!isHarmless(part)) this.#set(part, others?.[at] ?? part)
  }

  #set(recorded: string, live: string): void {
    if (recorded.length < 3 || recorded === live) return
    this.#live.set(recorded.toLowerCase(), live)
    this.#expression = undefined
  }

  #liveOf(recorded: string): string | undefined {
    return this.#live.get(recorded.toLowerCase())
  }

  /** A recorded answer as whoever plays would have got it. */
  answer(body: string, contentType: string): string {
    const text = ({ text: one }: { readonly text: string }) => this.text(one)
    return rewriteBody(body, contentType, { text, name: (name) => this.text(name) })
  }

  text(text: string): string {
    if (this.#live.size === 0) return text
    const whole = this.#liveOf(text)
    if (whole !== undefined) return inCaseOf(text, whole)
    const plain = plainOf(text)
    if (plain !== text) return Buffer.from(this.#replaced(plain)).toString("base64")
    return this.#replaced(text)
  }

  #replaced(text: string): string {
    this.#expression ??= expressionOf([...this.#live.keys()])
    return text.replace(this.#expression, (found) => inCaseOf(found, this.#liveOf(found) ?? found))
  }
}

function expressionOf(texts: readonly string[]): RegExp {
  const longestFirst = [...texts].sort((a, b) => b.length - a.length)
  const escaped = longestFirst.map((text) => text.replace(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`))
  return new RegExp(`(?<![A-Za-z\\d])(?:${escaped.join("|")})(?![A-Za-z\\d])`, "gi")
}

/** Azure writes some names in capitals. */
function inCaseOf(recorded: string, live: string): string {
  const isUpper = recorded === recorded.toUpperCase() && recorded !== recorded.toLowerCase()
  return isUpper ? live.toUpperCase() : live
}

/** What is told as it stands must be asked as it stands: a stand-in is never a word. */
function isFixed(place: string, recorded: string): boolean {
  return (place === "method" || place === "&Action" || place.startsWith("/")) && isWord(recorded)
}

function isWord(text: string): boolean {
  return /^[A-Za-z.]+$/.test(text) && text.split(".").every(isHarmless)
}

function digestOf(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex")
}

/** What a text in base64 says; the text itself where it is none. */
function plainOf(text: string): string {
  if (text.length < 8 || text.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return text
  const plain = Buffer.from(text, "base64").toString("utf8")
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what has others is no text.
  return /^[^\x00-\x08\x0e-\x1a\x1c-\x1f\ufffd]+$/.test(plain) ? plain : text
}
