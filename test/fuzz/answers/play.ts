/**
 * One play of the fuzz of answers: a cloud answers one request in one way, for a while and for some, and a cluster lives through
 * it. Whatever the answer, all that is wanted runs wherever another place is open; few calls are spent on nothing; the cloud's
 * words reach the user; and the end is clean.
 */
import { Cluster } from "../../../src/cluster.js"
import { LeakError, type MusterError } from "../../../src/errors.js"
import type { ClusterEvent } from "../../../src/events.js"
import type { Scope } from "../../../src/provider.js"
import type { Receipt } from "../../../src/fleet/reports/receipt-types.js"
import type { MarketWish } from "../../../src/spec.js"
import { type AnswerCase, type AnswerSubject, SHARED, type Stand } from "./subject.js"

const MINUTE_MS = 60_000
/** The answers of a play that go on for ever end here, so that what follows can be judged. */
const FOR_EVER_MS = 16 * MINUTE_MS
const SCALE_MS = 13 * MINUTE_MS
const WINDOW_MS = 10 * MINUTE_MS
const MOST_FRUITLESS = 40

export type HowLong = "once" | "20 s" | "for ever"
export type ForWhom = "one type" | "one zone" | "one market" | "all"

export interface Play {
  readonly seed: number
  readonly answer: AnswerCase
  readonly howLong: HowLong
  readonly forWhom: ForWhom
  readonly market: MarketWish
  readonly wanted: number
}

/** What a play came to, for the table. */
export interface Played {
  readonly play: Play
  readonly requests: number
  readonly launches: number
  readonly instances: number
  readonly virtualHours: number
  /** What was promised and not kept; empty when all was. */
  readonly broken: readonly string[]
}

/** The play of a seed: always the same. */
export function playOf({ cases }: Pick<AnswerSubject, "cases">, seed: number): Play {
  const draw = drawer(seed)
  const answer = draw(cases)
  return {
    seed,
    answer,
    howLong: draw(["once", "20 s", "for ever"] as const),
    forWhom: draw(["one type", "one zone", "one market", "all"] as const),
    market: draw(["on-demand", "spot-with-fallback", "spot-with-fallback"] as const),
    wanted: draw([1, 3, 5]),
  }
}

/** "mulberry32", a public-domain generator of 32 bits of state. */
function drawer(seed: number): <T>(from: readonly T[]) => T {
  let state = (seed * 0x9e3779b1) >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return (from) => {
    const one = from[Math.floor(next() * from.length)]
    if (one === undefined) throw new RangeError("nothing to draw from")
    return one
  }
}

export async function play(subject: AnswerSubject, seed: number): Promise<Played> {
  const chosen = playOf(subject, seed)
  const stand = await subject.open(seed)
  try {
    return await live(stand, chosen)
  } finally {
    await stand.close()
  }
}

/** What is seen of a life. */
interface Life {
  readonly events: readonly ClusterEvent[]
  /** How many of them came before `scale` had ended. */
  readonly scaled: number
  readonly error: MusterError | undefined
  readonly running: number
  readonly explained: string
  readonly receipt: Receipt | undefined
  readonly closing: MusterError | undefined
}

async function live(stand: Stand, chosen: Play): Promise<Played> {
  const { clock, world, provider, instanceTypes, zones } = stand
  const { answer, howLong, market, wanted } = chosen
  const begun = clock.now()
  const untilMs = begun + (howLong === "20 s" ? 20_000 : FOR_EVER_MS)
  const aim = { scope: scopeOf(stand, chosen), fromMs: begun, untilMs, times: howLong === "once" ? 1 : Infinity }
  stand.answer(answer, aim)
  const spec = { name: `fuzz-${chosen.seed}`, provider, instanceType: [...instanceTypes], zones: [...zones], market }
  const cluster = new Cluster(spec, { clock, seed: chosen.seed, journal: false })
  const events: ClusterEvent[] = []
  cluster.on("*", (event) => {
    events.push(event)
  })
  const outcome = await clock.run(
    cluster.scale(wanted, { timeout: `${SCALE_MS / MINUTE_MS}m` }).then(
      ({ running }) => ({ running, error: undefined }),
      (error: MusterError) => ({ running: cluster.workers.filter(({ state }) => state === "running").length, error }),
    ),
  )
  const explained = String(cluster.explain())
  const scaled = events.length
  // What the cloud answers to those who look and end is over by then: what it does not answer cannot be confirmed.
  if (howLong === "for ever") await clock.run(clock.sleep(Math.max(0, untilMs - clock.now()) + MINUTE_MS))
  const closed = await clock.run(
    cluster.close().then(
      (receipt) => ({ receipt, closing: undefined }),
      (error: MusterError) => ({
        receipt: error instanceof LeakError ? (error.receipt as Receipt) : undefined,
        closing: error,
      }),
    ),
  )
  const life: Life = { events, scaled, explained, ...outcome, ...closed }
  const counts = stand.requests()
  return {
    play: chosen,
    requests: [...counts.values()].reduce((sum, count) => sum + count, 0),
    launches: events.filter(({ type }) => type === "launch-started").length,
    instances: world.truth({}).length,
    virtualHours: (clock.now() - begun) / 3_600_000,
    broken: [...judge(stand, chosen, life)],
  }
}

function scopeOf({ instanceTypes, zones }: Stand, { forWhom, market }: Play): Scope {
  switch (forWhom) {
    case "one type":
      return { instanceType: instanceTypes[0] }
    case "one zone":
      return { zone: zones[0] ?? "" }
    case "one market":
      return { market: market === "on-demand" ? "on-demand" : "spot" }
    case "all":
      return {}
  }
}

function* judge(stand: Stand, chosen: Play, life: Life): Iterable<string> {
  const { answer, wanted } = chosen
  if (mustRun(chosen, life) && !isUnseen(stand, chosen, life) && life.running < wanted)
    yield `${life.running} of ${wanted} run although another place was open: ${life.error?.message ?? "no error"}`
  const fruitless = mostFruitless(life.events)
  if (fruitless > MOST_FRUITLESS) yield `${fruitless} launch calls in 10 minutes of which nothing came`
  const spent = stand.world.truth({}).length - wanted
  if (spent > MOST_FRUITLESS) yield `${spent} more instances were made than were wanted`
  if (life.error !== undefined && isMet(life, answer)) yield* wordsOf(answer, life)
  if (life.closing !== undefined) yield `close: ${life.closing.message}`
  const left = stand.world.truth({ states: ["pending", "running", "stopped"] })
  if (left.length > 0) yield `${left.length} instances were left`
  const told = new Set(life.receipt?.instances.map(({ id }) => id.split("/").at(-1)))
  const untold = stand.world.truth({}).filter(({ id, name }) => !told.has(id) && !told.has(name))
  if (life.receipt !== undefined && untold.length > 0)
    yield `the receipt lacks ${untold.map(({ id }) => id).join(", ")}`
}

/** Whether another offer, or the same one later, can give what is wanted. */
function mustRun({ answer, howLong, forWhom, market }: Play, life: Life): boolean {
  // What no offer can escape stops a group by right, and a request that no place can do without fails for all.
  if (answer.meaning === "hopeless") return false
  const isAboutOffers = life.events.slice(0, life.scaled).some(({ type }) => type === "launch-started")
  if (!isAboutOffers) return howLong !== "for ever" && answer.meaning !== "refused"
  const { shared = SHARED.pool } = answer
  const hasFallback = market !== "on-demand"
  // What was answered once bars what shares all of these with it, and there are two of each.
  const leaves = shared.filter((one) => one !== "market" || hasFallback)
  if (answer.meaning === "refused" && howLong === "once") return leaves.length > 0
  const isShort = howLong !== "for ever" && answer.meaning !== "refused"
  // What is asked of a whole region is answered as a whole: one zone that does not answer leaves nothing else open.
  const isOfAll = answer.meaning === "unknown" || answer.meaning === "throttled"
  if (isOfAll && forWhom === "one zone" && answer.api.startsWith("region")) return isShort
  return isShort || leaves.some((one) => forWhom === `one ${one}`)
}

/** What was made in a zone that cannot be looked at is not seen to run. */
function isUnseen({ world, zones }: Stand, { answer, forWhom, howLong }: Play, { events }: Life): boolean {
  const isOfLaunch = events.some((event) => event.type === "launch-started" && event.api === answer.api)
  const isThere = world.truth({}).some(({ zone }) => zone === zones[0])
  return forWhom === "one zone" && howLong === "for ever" && !isOfLaunch && answer.place === "whole" && isThere
}

/** The most launch calls in any ten minutes that made nothing: each attempt on the wire counts. */
function mostFruitless(events: readonly ClusterEvent[]): number {
  const apis = new Set(events.flatMap((event) => (event.type === "launch-started" ? [event.api] : [])))
  const failed = events.filter((event) => event.type === "call" && apis.has(event.api) && event.error !== undefined)
  const empty = events.filter(
    (event) => event.type === "launch-ended" && event.made === 0 && event.outcome === "settled",
  )
  const times = [...failed, ...empty].map(({ at }) => at).sort((a, b) => a - b)
  return times.reduce((most, from, index) => {
    const until = times.findIndex((at) => at >= from + WINDOW_MS)
    return Math.max(most, (until < 0 ? times.length : until) - index)
  }, 0)
}

/** The answer was given to this life, as its own events tell. */
function isMet({ events }: Life, { code }: AnswerCase): boolean {
  return events.some((event) => "message" in event && event.message !== undefined && event.message.includes(code))
}

/** Words may be cut where a message has a remedy in their place, or a code: the first few are enough to be found by. */
function* wordsOf({ code, message }: AnswerCase, { error, explained, events }: Life): Iterable<string> {
  const words = message.slice(0, 30).replace(/\.$/, "")
  const has = (text: string) => text.includes(code) && text.includes(words)
  const problems = events.flatMap((event) => (event.type === "problem" ? [event.message] : []))
  if (!has(error?.message ?? "")) yield `the error lacks the cloud's code or words: ${error?.message}`
  if (!has(explained)) yield "explain() lacks the cloud's code or words"
  if (!problems.some(has)) yield "no problem event has the cloud's code and words"
}
