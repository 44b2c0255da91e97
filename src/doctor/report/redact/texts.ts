/** Texts: a text with stand-ins for all that is not known to be harmless. */
import { ADDRESS_RANGE } from "../../../input/addresses.js"
import { isCommon, isHarmless, isShaped, SHAPED } from "./harmless.js"
import { StandIns } from "./stand-ins.js"

/** EC2's ids, by what they are of. */
const IDS =
  "i|vol|eni|eni-attach|subnet|sg|sgr|vpc|lt|r|ami|aki|ari|snap|igw|rtb|rtbassoc|eipalloc|eipassoc|fleet|sir|sfr|acl|aclassoc|dopt|cr|pl|vgw|key|nat|h|mi|pg"

const SPECIALS = [
  String.raw`(?<key>(?:ssh-(?:ed25519|rsa|dss)|ecdsa-sha2-nistp\d{3})\s+AAAA[A-Za-z0-9+/]{16,}={0,2})`,
  `(?<guid>(?<![0-9a-f])[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?![0-9a-f]))`,
  String.raw`(?<email>[\p{L}\p{N}_.+%-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)*)`,
  String.raw`(?<mac>(?<![\p{L}\p{N}:-])(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}(?![\p{L}\p{N}:-]))`,
  String.raw`(?<ipv6>(?<![\p{L}\p{N}:.])[0-9a-f:]{0,36}::?[0-9a-f:.]{0,36}(?![\p{L}\p{N}:]))`,
  String.raw`(?<ipv4>(?<![\p{L}\p{N}.])\d{1,3}(?:\.\d{1,3}){3}(?![\p{L}\p{N}]|\.\d))`,
  String.raw`(?<id>(?<![\p{L}\p{N}])(?:${IDS})-(?:[0-9a-f]{17}|[0-9a-f]{8})(?![\p{L}\p{N}]))`,
]
const PLAIN = [
  // An address as names of hosts have it: ip-10-0-0-1.
  String.raw`(?<dashed>(?<![\p{L}\p{N}])\d{1,3}(?:[-_]\d{1,3}){3}(?![\p{L}\p{N}]))`,
  String.raw`(?<time>(?<!\d)\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?(?![\p{L}\p{N}]))`,
  `(?<shaped>(?<![\\p{L}\\p{N}])(?:${SHAPED.join("|")})(?![\\p{L}\\p{N}]))`,
]
const RUNS = [String.raw`(?<run>[\p{L}\p{M}\p{N}]+)`, String.raw`(?<odd>[^\x00-\x7f]|[^\P{Cc}\t\n\r])`]

/** Signs of our own sentences. */
const SIGNS = "×…–—→°"
/** Addresses that every machine has, and that say nothing of one. */
const EVERYWHERE = new Set(["127.0.0.1", "0.0.0.0", "255.255.255.255", "169.254.169.254", "::", "::1"])
/** What is longer is no name, and is found by its parts. */
const LONGEST = 256
/** Moments of a walk are near its beginning, in milliseconds. */
const NEAR_MS = 86_400_000

export interface TextOptions {
  /** When the walk began, in milliseconds since 1970: moments near it stay. */
  readonly at: number
  /** What says nothing of anybody: places, types, and what Muster has drawn for this walk alone. */
  readonly own: readonly string[]
}

export class Texts {
  readonly #standIns = new StandIns((text) => isHarmless(text) && !/^\d+$/.test(text))
  readonly #own: ReadonlySet<string>
  readonly #at: number
  readonly #learned = new Set<string>()
  readonly #told = new Map<string, string>()
  readonly #digests = new Map<string, string>()
  #plain: RegExp | undefined
  readonly #forced: RegExp

  constructor({ at, own }: TextOptions) {
    this.#at = at
    this.#own = new Set(own.filter((one) => one !== "").map((one) => one.toLowerCase()))
    this.#forced = expressionOf([...this.#ownPart(), ...SPECIALS, ...RUNS])
  }

  /** From now on it is replaced wherever it stands, also in the middle of a sentence. */
  learn(value: string): void {
    if (value.length < 3 || value.length > LONGEST || isCommon(value) || isShaped(value) || this.isOwn(value)) return
    if (/^[\d.:]{1,5}$/.test(value) || this.#learned.has(value)) return
    this.#learned.add(value)
    this.#plain = undefined
    this.#told.clear()
  }

  /** A digest is told as that of what stands in the place of what it is of. */
  replaceDigest(of: string, instead: string): void {
    this.#digests.set(of, instead)
    this.#told.clear()
  }

  isOwn(value: string): boolean {
    return this.#own.has(value.toLowerCase())
  }

  /** What is known to be harmless stays. */
  plain(text: string): string {
    const told = this.#told.get(text)
    if (told !== undefined) return told
    this.#plain ??= expressionOf([
      ...this.#ownPart(),
      ...SPECIALS.slice(0, 3),
      ...this.#learnedPart(),
      ...REST,
      ...RUNS,
    ])
    const made = text.replace(this.#plain, (...found) => this.#standInFor(found, false))
    if (text.length < 20_000) this.#told.set(text, made)
    return made
  }

  /** Nothing stays but its shape. */
  forced(text: string): string {
    return text.replace(this.#forced, (...found) => this.#standInFor(found, true))
  }

  #ownPart(): readonly string[] {
    const own = [...this.#own].map(escaped).join("|")
    return own === "" ? [] : [`(?<own>(?<![\\p{L}\\p{N}])(?:${own})(?![\\p{L}\\p{N}]))`]
  }

  #learnedPart(): readonly string[] {
    const learned = [...this.#learned].sort((a, b) => b.length - a.length).map(escaped)
    return learned.length === 0 ? [] : [`(?<learned>(?<![\\p{L}\\p{N}])(?:${learned.join("|")})(?![\\p{L}\\p{N}]))`]
  }

  #standInFor(found: readonly unknown[], isForced: boolean): string {
    const text = String(found[0])
    const groups = found.at(-1) as Readonly<Record<string, string | undefined>>
    const [kind = "run"] = Object.keys(groups).filter((name) => groups[name] !== undefined)
    switch (kind) {
      case "own":
      case "time":
      case "shaped":
        return text
      case "learned":
      case "dashed":
        return this.forced(text)
      case "guid":
      case "mac":
        return this.#standIns.of(kind, text)
      case "email":
        return this.#standIns.of("email", text)
      case "ipv4":
      case "ipv6":
        return this.#address(kind, text, isForced)
      case "key":
        return this.#standIns.key(text)
      case "id":
        return text.replace(/[^-]*$/, (hex) => this.#standIns.of("atom", hex))
      case "odd":
        return SIGNS.includes(text) && !isForced ? text : "?"
      default:
        return this.#run(text, isForced)
    }
  }

  #address(kind: "ipv4" | "ipv6", text: string, isForced: boolean): string {
    if (EVERYWHERE.has(text)) return text
    if (ADDRESS_RANGE.test(`${text}/0`)) return this.#standIns.of(kind, text)
    return text.replace(/[^:.]+/g, (part) => this.#run(part, isForced))
  }

  #run(run: string, isForced: boolean): string {
    if (this.isOwn(run) || (!isForced && (isHarmless(run) || this.#isNear(run)))) return run
    return this.#digests.get(run) ?? this.#standIns.of("atom", run)
  }

  #isNear(run: string): boolean {
    const ms = /^\d{10}$/.test(run) ? Number(run) * 1000 : /^\d{13}$/.test(run) ? Number(run) : Number.NaN
    return Math.abs(ms - this.#at) <= NEAR_MS
  }
}

const REST = [...SPECIALS.slice(3), ...PLAIN]

function expressionOf(parts: readonly string[]): RegExp {
  return new RegExp(parts.join("|"), "giu")
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`)
}
