/** A world as a provider, without a wire between: the quickest way to rehearse. */
import type { Calls, Headroom, Limits, Offer, OfferQuery, Provider, Wish } from "../../provider.js"
import { fits } from "../../offer.js"
import { longest, type Span } from "../world/luck.js"
import { costIn } from "./costs.js"
import { ask } from "./errors.js"
import { consoleLog, interruptions, list, terminate } from "./instances.js"
import { type GuestStyle, type LaunchStyle, launch, settle, splitWish } from "./launch.js"
import { claim, leftovers, mark, prepare, remove } from "./setup.js"
import type { World } from "../world/world.js"

export const OFFERS = "ListOffers"
export const QUOTAS = "ListQuotas"

export interface WorldProviderOptions {
  /**
   * When the outcome of a launch is reported, in milliseconds after it was accepted: launches are then unsettled at first,
   * as on GCP. At once when left out, as on EC2.
   */
  readonly settleMs?: Span
  /** One instance a request, under a name of ours, as on Azure; requests for many with a token when left out. */
  readonly names?: boolean
  /** One request for all pools of a zone, or of all zones, which the cloud fills in the order of the wish. */
  readonly fleets?: boolean
  /** How a guest ends its instance: "end" when left out. */
  readonly guests?: GuestStyle
  /** Its answers carry their date; true when left out. */
  readonly tellsTime?: boolean
  /** Limits that replace the world's own: poll intervals, terminal states, wait times. */
  readonly overrides?: Partial<Omit<Limits, "account" | "buckets">>
}

/** EC2's limit on user data, before base64. */
const USER_DATA_BYTES = 16_384

/** The simulated cloud as a `Provider` in one region. */
export function worldProvider(world: World, options: WorldProviderOptions = {}): Provider {
  const style: LaunchStyle = {
    names: options.names ?? false,
    fleets: options.fleets ?? false,
    guests: options.guests ?? "end",
    ...(options.settleMs === undefined ? {} : { settleMs: options.settleMs }),
  }
  const dated = (calls: Calls) => (options.tellsTime === false ? calls : datedCalls(world, calls))
  return {
    name: world.settings.provider,
    region: world.settings.region,
    limits: { ...limitsOf(world), ...(style.names ? { launchBatch: 1 } : {}), ...options.overrides },
    offers: (query, calls) => offers(world, query, dated(calls)),
    prepare: (owner, group, calls) => prepare(world, owner, group, dated(calls)),
    split: (wish, prepared) => splitWish(world, style, wish, prepared),
    launch: (call, calls) => launch(world, style, call, dated(calls)),
    settle: (call, ref, calls) => settle(world, call, ref, dated(calls)),
    list: (selector, calls) => list(world, selector, dated(calls)),
    claim: (owner, calls) => claim(world, owner, dated(calls)),
    mark: (owner, instances, calls) => mark(world, owner, instances, dated(calls)),
    terminate: (instances, calls) => terminate(world, instances, dated(calls)),
    interruptions: (instances, calls) => interruptions(world, instances, dated(calls)),
    headroom: (wish, calls) => headroom(world, wish, dated(calls)),
    leftovers: (selector, calls) => leftovers(world, selector, dated(calls)),
    remove: (found, calls) => remove(world, found, dated(calls)),
    consoleLog: (instance, calls) => consoleLog(world, instance, dated(calls)),
  }
}

/** Each answer says when it was given, to the second, as the clouds' do in the header Date. */
function datedCalls(world: World, calls: Calls): Calls {
  return {
    ...calls,
    send: (api, cost, fn) =>
      calls.send(api, cost, async (attempt) => {
        const answer = await fn(attempt)
        attempt.dated?.(Math.floor(world.clock.now() / 1000) * 1000)
        return answer
      }),
  }
}

function limitsOf(world: World): Limits {
  const { provider, region, buckets, limits, billsUntilGone } = world.settings
  return {
    account: `${provider}/${region}`,
    buckets,
    userDataBytes: USER_DATA_BYTES,
    launchBatch: limits.createBatch,
    consistencyMs: limits.consistencyMs,
    // On EC2 there is no way back and no bill from shutting-down on; elsewhere an instance may cost until it is terminated.
    goneStates: billsUntilGone ? ["terminated"] : ["terminating", "terminated"],
    look: { firstMs: 1_000, everyMs: 5_000 },
    attemptMs: 60_000,
    bootMs: 3 * Math.max(60_000, longest(world.latency.bootMs)),
    markets: ["on-demand", "spot"],
    endsWithProcess: true,
  }
}

function offers(world: World, query: OfferQuery, calls: Calls): Promise<readonly Offer[]> {
  const cost = costIn(world, { reads: 1 })
  return ask(calls, { api: OFFERS, cost, action: "listing offers" }, ({ signal }) =>
    world.serve(OFFERS, {}, { cost, signal }, () => world.offers.filter((offer) => fits(offer, query))),
  )
}

/** Every quota that limits one of the wish's offers. */
function headroom(world: World, wish: Wish, calls: Calls): Promise<readonly Headroom[]> {
  const cost = costIn(world, { reads: 1 })
  return ask(calls, { api: QUOTAS, cost, action: "reading quotas" }, ({ signal }) =>
    world.serve(QUOTAS, {}, { cost, signal }, () => {
      const rows = new Map(wish.offers.flatMap((offer) => world.quotas(offer)).map((row) => [row.name, row]))
      return [...rows.values()].map((row) => ({ ...row, unit: "vCPU" }))
    }),
  )
}
