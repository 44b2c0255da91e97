/**
 * Catalogue: what is sold, kept on disk with its age. A first burst asks the cloud; the next ones begin at once with what is
 * known, and refresh it behind the scenes.
 */
import { createHash } from "node:crypto"
import { mkdir, readFile, rename, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { type Clock, wallAheadMs } from "../../calls/clock.js"
import type { Calls, Offer, OfferQuery, Provider } from "../../provider.js"

/** Older than this, prices and types are asked for before they are used: a week brings new types and other prices. */
const OLDEST_MS = 7 * 86_400_000
/** Machines that share a directory agree to so much. */
const FUTURE_MS = 60_000
const VERSION = 1

export interface Known {
  readonly offers: readonly Offer[]
  /** When the cloud said so, in milliseconds since 1970. */
  readonly at: number
  /** Why it is not all that fits, in the provider's words. */
  readonly notes?: readonly string[]
}

export interface Catalogue {
  /** Everything sold that fits, as of `at`. @throws what the provider throws when nothing is known yet. */
  offers(provider: Provider, query: OfferQuery, calls: Calls): Promise<Known>
}

/**
 * @param directory where answers are kept; false: nowhere, every question goes to the cloud. A provider whose
 * `limits.offersFreshMs` is not given is always asked.
 */
export function newCatalogue(directory: string | false, clock: Clock): Catalogue {
  const ask = async (provider: Provider, query: OfferQuery, calls: Calls): Promise<Known> => {
    const notes: string[] = []
    const offers = await provider.offers(query, { ...calls, note: (text) => notes.push(text) })
    return { offers, at: clock.now(), ...(notes.length === 0 ? {} : { notes }) }
  }
  return {
    offers: async (provider, query, calls) => {
      const freshMs = provider.limits.offersFreshMs
      if (directory === false || freshMs === undefined) return ask(provider, query, calls)
      const path = join(directory, `${keyOf(provider, query)}.json`)
      const known = await clock.busy("reading offers", read(path, clock))
      // An entry with a time in the future was written by a clock that has been set since: its age is not known.
      const isKnown = known !== undefined && known.at <= clock.now() + FUTURE_MS
      const ageMs = isKnown ? clock.now() - known.at : Number.POSITIVE_INFINITY
      const refresh = async () => {
        const asked = await ask(provider, query, calls)
        // An empty answer is a mistake in the question, or an outage, and one with notes lacks something: not worth remembering.
        if (asked.offers.length > 0 && asked.notes === undefined)
          await clock.busy("keeping offers", write(directory, path, { ...asked, at: asked.at + wallAheadMs(clock) }))
        return asked
      }
      if (known === undefined || ageMs > OLDEST_MS) return refresh()
      // What fails behind the scenes is asked again next time; what is known stays good enough until then.
      if (ageMs > freshMs) refresh().catch(() => {})
      return known
    },
  }
}

function keyOf({ name, region, limits }: Provider, query: OfferQuery): string {
  const asked = Object.entries(query).sort()
  const question = JSON.stringify([VERSION, name, region, limits.account, limits.offersKey ?? "", asked])
  return createHash("sha256").update(question).digest("hex").slice(0, 32)
}

/** As of the clock's true time; in the file it is of the machine's clock. */
async function read(path: string, clock: Clock): Promise<Known | undefined> {
  try {
    const { at, offers } = JSON.parse(await readFile(path, "utf8")) as Known
    return Array.isArray(offers) && offers.length > 0 && Number.isFinite(at)
      ? { at: at - wallAheadMs(clock), offers }
      : undefined
  } catch {
    // Not there, or not whole: the cloud knows.
    return undefined
  }
}

/** In one rename, so that a reader finds all of it or none. A disk that takes nothing costs a question next time. */
async function write(directory: string, path: string, known: Known): Promise<void> {
  try {
    await mkdir(directory, { mode: 0o700 }).catch(() => {})
    const draft = `${path}.${process.pid}`
    await writeFile(draft, JSON.stringify(known), { mode: 0o600 })
    await rename(draft, path)
  } catch {
    // See above.
  }
}
