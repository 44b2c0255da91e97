/** Price: what a walk will cost, and what it has cost so far. An estimate goes by the times that machines take to boot and to end. */
import { costOf } from "../../money/bill.js"
import { sightsOf } from "../../live/judges.js"
import type { Instance, Market, Offer, WalkWorker, Wave } from "../../provider.js"
import { offersOn, type WalkSite } from "./site.js"
import { timesOf } from "./times.js"
import type { Stray, Witness } from "./witness.js"

export interface WavePlan {
  readonly wave: Wave
  /** Which is tried first. */
  readonly market: Market
  readonly machines: number
}

/** In the order in which they are played: the first machine's deletion is tried before there are others. */
export const WAVES: readonly WavePlan[] = [
  { wave: "brief", market: "spot", machines: 3 },
  { wave: "batch", market: "on-demand", machines: 3 },
  { wave: "timed", market: "spot", machines: 3 },
]

/** How many machines a wave makes in all, with those that looks make: the first one's are launched one after the other, the others' at once. */
export function machinesIn({ walk }: Pick<WalkSite, "walk">, { wave, machines }: WavePlan): number {
  return machines + (walk.extras?.[wave] ?? 0) * (wave === "brief" ? machines : 1)
}

/** Without those that wait for what cannot be: that a guest ends its machine where no guest can. */
export function wavesOf({ provider }: Pick<WalkSite, "provider">): readonly WavePlan[] {
  return WAVES.filter(({ wave }) => wave !== "timed" || provider.limits.outlivesDeadline !== true)
}

const HOUR_S = 3600

type Priced = Pick<WalkSite, "walk" | "provider" | "offers">

/** USD of one machine for an hour; undefined where its price is not known. */
export function usdPerHour({ walk }: Pick<WalkSite, "walk">, offer: Offer | undefined): number | undefined {
  if (offer === undefined) return undefined
  const price = offer.pricePerHour ?? (walk.isFree === true ? 0 : undefined)
  return price === undefined ? undefined : price + walk.besides(offer)
}

/**
 * USD of one wave; undefined where a price is not known. `likely`: of the cheapest offer, for the time that machines take. `most`: each
 * machine runs until its deadline has failed to end it, and is the dearest of all offers, because a refused market gives way to the other.
 */
export function waveUsd(site: Priced, plan: WavePlan, which: "likely" | "most") {
  const { wave, market } = plan
  const { deadlineS, likelyS, slackMs } = timesOf(site.walk)
  const ends = which === "likely" ? likelyS[wave] : deadlineS[wave] + slackMs / 1000
  // What never runs is not billed at all.
  const seconds = ends === 0 ? 0 : Math.max(site.provider.limits.leastBilledSeconds ?? 0, ends)
  const perHour = which === "likely" ? usdPerHour(site, offersOn(site, market)[0]) : dearest(site)
  // What looks make is ended before it runs.
  const count = which === "likely" ? plan.machines : machinesIn(site, plan)
  return perHour === undefined ? undefined : (count * seconds * perHour) / HOUR_S
}

function dearest(site: Priced): number | undefined {
  const known = site.offers.flatMap((offer) => usdPerHour(site, offer) ?? [])
  return known.length === 0 ? undefined : Math.max(...known)
}

/** USD; undefined where a price is not known. */
export function estimateUsd(site: Priced, which: "likely" | "most" = "likely"): number | undefined {
  let sum = 0
  for (const plan of wavesOf(site)) {
    const part = waveUsd(site, plan, which)
    if (part === undefined) return undefined
    sum += part
  }
  return sum
}

/** USD until `now`, which is in milliseconds since the walk began: of its machines, and of what nobody meant to make. */
export function spentUsd(site: WalkSite, now: number): number {
  const { witness, provider } = site
  const leastMs = (provider.limits.leastBilledSeconds ?? 0) * 1000
  const bills = [
    ...witness.workers.map((worker) => billOf(site, worker, now)),
    ...[...witness.strays.values()].map((stray) => strayBillOf(site, stray)),
  ]
  return bills.reduce((sum, bill) => sum + (costOf({ group: "", leastMs, ...bill }, now) ?? 0), 0)
}

function billOf(site: WalkSite, worker: WalkWorker, now: number) {
  const { instance, call } = worker
  const from = worker.runningAt ?? unseenSince(site, worker, now)
  const offer = call.offers.find(({ zone }) => zone === instance.zone) ?? call.offers[0]
  return { usdPerHour: usdPerHour(site, offer), from, to: paidUntil(site, worker) }
}

/** What no list shows for so long may run meanwhile, in milliseconds: no machine that is told to end while it is made takes so long. */
const UNSEEN_MS = 60_000

/** Since when a machine that was never shown to run may have done so; undefined where lists showed that it did not. */
function unseenSince({ witness }: WalkSite, worker: WalkWorker, now: number): number | undefined {
  const last = sightsOf(witness, worker).at(-1)?.at ?? worker.sentAt
  const until = worker.endedAt ?? worker.goneAt ?? now
  return until - last > UNSEEN_MS ? last : undefined
}

/** Where a machine costs until it is gone, the request to end it ends no bill; elsewhere one that has ended nothing does not. */
function paidUntil({ witness, provider }: WalkSite, { instance, endedAt, goneAt }: WalkWorker): number | undefined {
  const isPaidUntilGone = !provider.limits.goneStates.includes("terminating")
  if (isPaidUntilGone || endedAt === undefined) return goneAt
  const last = ranAt(witness, instance).at(-1) ?? endedAt
  const isStill = last > endedAt && last === witness.sights.at(-1)?.at
  return isStill ? undefined : Math.max(last, endedAt)
}

function strayBillOf(site: WalkSite, { instance, from, to }: Stray) {
  const { state, zone, instanceType, market } = instance
  const [first] = ranAt(site.witness, instance)
  const isSame = (offer: Offer) => offer.zone === zone && offer.instanceType === instanceType && offer.market === market
  const usd = usdPerHour(site, site.offers.find(isSame)) ?? dearest(site)
  // One that no list has shown may run since it was met.
  return { usdPerHour: usd, from: first ?? (state === "running" ? from : undefined), to }
}

/** When lists showed it to run, in milliseconds since the walk began. */
function ranAt(witness: Witness, made: Instance): readonly number[] {
  return sightsOf(witness, { made }).flatMap(({ at, instance }) => (instance.state === "running" ? [at] : []))
}
