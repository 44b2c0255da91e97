/** Stand-ins: what is put in the place of what is not told. The same value has the same stand-in, and nothing of the value is in it. */
import { seededRandom } from "../../../calls/clock.js"

/** As what a value is read where it stands. */
export type Kind = "guid" | "email" | "ipv4" | "ipv6" | "mac" | "atom"

const LETTERS = "bcdfghjklmnpqrstvwxz"
const HEX = "0123456789abcdef"
/** Longer stand-ins would say how long the value is, and are of no use. */
const LONGEST = 64
const TRIES = 40

export class StandIns {
  readonly #made = new Map<string, string>()
  readonly #taken = new Set<string>()
  readonly #isWord: (text: string) => boolean
  readonly #random: () => number

  /** @param isWord what a stand-in must not be, or it would be read as a word. */
  constructor(isWord: (text: string) => boolean) {
    this.#isWord = isWord
    // They are numbered, not computed from the value: nobody can try values until one fits.
    this.#random = seededRandom(1)
  }

  /** Upper and lower case are those of the value, so that what is equal but for its case stays so. */
  of(kind: Kind, value: string): string {
    const key = `${kind} ${value.toLowerCase()}`
    const made = this.#made.get(key) ?? this.#make(kind, value.toLowerCase())
    this.#made.set(key, made)
    return kind === "atom" || kind === "guid" ? inCaseOf(value, made) : made
  }

  /** A public key of the same type and length: "ssh-ed25519 AAAA…". */
  key(text: string): string {
    const [type = "", blob = ""] = text.split(/\s+/)
    const bytes = Buffer.from(blob, "base64")
    // Its type stands in it, and how long the next part is.
    const from = 8 + type.length
    const made = this.#made.get(`key ${blob}`) ?? this.#bytes(Math.max(0, bytes.length - from))
    this.#made.set(`key ${blob}`, made)
    return `${type} ${Buffer.concat([bytes.subarray(0, from), Buffer.from(made, "hex")]).toString("base64")}`
  }

  #bytes(length: number): string {
    return this.#hex(2 * length)
  }

  #make(kind: Kind, value: string): string {
    const number = this.#made.size + 1
    if (kind === "email") return `user${number}@example.com`
    if (kind === "ipv6") return `2001:db8::${number.toString(16)}`
    for (let tries = 0; ; tries += 1) {
      const made = this.#like(kind, value, tries < TRIES ? 0 : 1 + Math.floor(tries / TRIES))
      if (this.#taken.has(made) || made === value || this.#isWord(made)) continue
      this.#taken.add(made)
      return made
    }
  }

  #like(kind: Kind, value: string, longer: number): string {
    if (kind === "ipv4") {
      const net = ["192.0.2", "198.51.100", "203.0.113"][Math.floor(this.#random() * 3)]
      // Where all of them are taken, those of benchmarks (RFC 2544).
      return longer === 0 ? `${net}.${1 + this.#below(254)}` : `198.18.${this.#below(256)}.${this.#below(256)}`
    }
    if (kind === "mac") return `00:00:5e:00:53:${longer === 0 ? this.#hex(2) : `${this.#hex(2)}:${this.#hex(2)}`}`
    const isHex = /^[0-9a-f-]*\d[0-9a-f-]*$/.test(value) && /[a-f]/.test(value) && value.length >= 6
    const like = [...value].slice(0, LONGEST).map((char, at) => this.#charLike(char, at, kind === "guid" || isHex))
    return like.join("") + Array.from({ length: longer - Number(longer > 0) }, () => this.#letter()).join("")
  }

  #charLike(char: string, at: number, isHex: boolean): string {
    if (char === "-") return char
    if (isHex) return this.#hex(1)
    // A number that begins with 0 would be another number elsewhere.
    return /\d/.test(char) ? String(at === 0 ? 1 + this.#below(9) : this.#below(10)) : this.#letter()
  }

  #letter(): string {
    return LETTERS[this.#below(LETTERS.length)] ?? "x"
  }

  #hex(length: number): string {
    return Array.from({ length }, () => HEX[this.#below(16)]).join("")
  }

  #below(most: number): number {
    return Math.floor(this.#random() * most)
  }
}

function inCaseOf(value: string, made: string): string {
  const chars = [...value]
  return [...made]
    .map((char, at) => (chars[at] !== undefined && chars[at] !== chars[at]?.toLowerCase() ? char.toUpperCase() : char))
    .join("")
}
