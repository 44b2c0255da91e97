/**
 * One model of a cloud's region: zones × types × markets with finite capacity, quotas and buckets, that is slow,
 * omits new instances from lists, loses answers and takes instances back. It speaks no cloud's protocol: a `wire` gives
 * it one, and `worldProvider` makes it a provider.
 *
 * Time comes from the injected clock, and chance from the seed. Everything but `serve` is synchronous. What follows later
 * (a boot, an end) is computed when a caller asks for it.
 */
import type { Clock } from "../../calls/clock.js"
import type { InstanceState, Json, Offer, Scope } from "../../provider.js"
import { Agenda } from "./agenda.js"
import { Buckets } from "../requests/buckets.js"
import { Catalogue, type Pool } from "../stock/catalogue.js"
import { type CreateRequest, type Creation, create } from "./create.js"
import { interrupt, lose, noticesNow, powerOff, stop, strikeAll, terminate } from "./ending.js"
import { Faults } from "../faults/faults.js"
import { write } from "./guests.js"
import { Inventory, type WorldFilter } from "./inventory.js"
import { Ledger } from "../requests/ledger.js"
import { type GuestBoot, type Life, paidMs, pictureOf, shownAt, stateAt, type WorldInstance } from "./life.js"
import { sampleSpan, luckOf, type Span } from "./luck.js"
import { Operations } from "./operations.js"
import { type Latency, settingsOf, type WorldOptions, type WorldSettings } from "./options.js"
import { Pools } from "../stock/pools.js"
import { type QuotaRow, type QuotaUse, Quotas } from "../stock/quotas.js"
import { Resources } from "./resources.js"
import { type Serving, serve } from "./serve.js"
import { nowOf, type WorldState } from "./state.js"
import { Tokens } from "./tokens.js"

const HOUR_MS = 3_600_000

export class World {
  /** Every request so far, with its outcome. */
  readonly ledger: Ledger
  /** The script of what goes wrong. */
  readonly faults: Faults
  /** What exists beside instances; what `goesWith` an instance ends with it. */
  readonly resources: Resources
  /** Requests whose outcome is read later. */
  readonly operations: Operations
  /** A wire's own idempotency, for requests that are more than one `create` (a fleet, a bulk insert). */
  readonly tokens: Tokens
  readonly #state: WorldState

  /** @param options `clock`, and what differs from a small, quick, well-stocked cloud. Not checked: see `simulate`. */
  constructor(options: WorldOptions) {
    const settings = settingsOf(options)
    this.#state = newState(settings)
    this.ledger = this.#state.ledger
    this.faults = this.#state.faults
    this.resources = this.#state.resources
    this.operations = new Operations(() => this.#now())
    this.tokens = new Tokens(settings.tokenTtlMs)
  }

  /** What the world was made with, defaults filled in. */
  get settings(): WorldSettings {
    return this.#state.settings
  }

  get clock(): Clock {
    return this.#state.settings.clock
  }

  /** Everything it sells, available now or not. */
  get offers(): readonly Offer[] {
    return this.#state.catalogue.offers
  }

  /**
   * Takes one request: ledger, faults, latency, buckets, then `act` once, then its answer.
   *
   * @param parameters what the ledger keeps of it.
   * @param act does the work with the synchronous members of this world. A WorldError that it throws is the answer.
   * @returns what `act` returned.
   * @throws WorldError for what the script or a bucket refuses, and with kind "lost", "cut" or "garbled" for an answer
   *   that does not arrive whole; the signal's reason when it is aborted.
   */
  serve<T>(api: string, parameters: Json, serving: Serving<T>, act: () => T): Promise<T> {
    return serve(this.#state, { api, parameters }, serving, act)
  }

  /**
   * Makes up to `max` instances of one pool, or none if `min` are not to be had.
   *
   * @throws WorldError of kind "rejected" for what is not sold or makes no sense.
   */
  create(request: CreateRequest): Creation {
    this.#now()
    return create(this.#state, request)
  }

  /** What lists show now: late, and without what is long gone. Oldest first. */
  visible(filter: WorldFilter = {}): readonly WorldInstance[] {
    return this.#look(filter, "listed", shownAt).map(([life, state]) => pictureOf(life, state))
  }

  /** One page of what lists show. `next` is the `after` of the next page, absent on the last. */
  page(
    filter: WorldFilter,
    page: { readonly after?: number; readonly limit: number },
  ): { readonly instances: readonly WorldInstance[]; readonly next?: number } {
    // One more than the page, to know whether there is a next one.
    const rest = this.#look(filter, "listed", shownAt, { after: page.after ?? 0, count: page.limit + 1 })
    const instances = rest.slice(0, page.limit).map(([life, state]) => pictureOf(life, state))
    const last = instances.at(-1)
    return rest.length > page.limit && last !== undefined ? { instances, next: last.order } : { instances }
  }

  /** Everything that exists or ever existed, as it is: for tests and audits, not for adapters. */
  truth(filter: WorldFilter = {}): readonly WorldInstance[] {
    return this.#look(filter, "all", stateAt).map(([life, state]) => pictureOf(life, state))
  }

  /** One instance as it is; undefined if there never was one. */
  instance(id: string): WorldInstance | undefined {
    const now = this.#now()
    const life = this.#state.inventory.get(id)
    return life === undefined ? undefined : pictureOf(life, stateAt(life, now) ?? "pending")
  }

  /** How the guest of an instance boots in truth; undefined where the world plays none. */
  guestBoot(id: string): GuestBoot | undefined {
    this.#now()
    return this.#state.inventory.get(id)?.guestBoot
  }

  /** Ends instances. Returns each one's state just after; undefined for an id that never was. */
  terminate(ids: readonly string[]): ReadonlyMap<string, InstanceState | undefined> {
    this.#now()
    return terminate(this.#state, ids)
  }

  /** Makes instances vanish without a request to end them: a host broke, and they ran on it. */
  lose(ids: readonly string[]): void {
    this.#now()
    lose(this.#state, ids)
  }

  /**
   * Halts instances, which keep their places; see `billsStopped`. The moment when they were to end by themselves is forgotten.
   * Returns the ids of those there were.
   */
  stop(ids: readonly string[]): readonly string[] {
    this.#now()
    return stop(this.#state, ids)
  }

  /** Their guests power these off: they end, or are stopped, as the request that made them says. Returns the ids of those that ran. */
  powerOff(ids: readonly string[]): readonly string[] {
    const now = this.#now()
    return ids.filter((id) => {
      const life = this.#state.inventory.get(id)
      return life !== undefined && powerOff(this.#state, life, now)
    })
  }

  /** A guest writes this to its console. Nothing is written of one that does not run. */
  write(id: string, text: string): void {
    this.#now()
    write(this.#state, id, text)
  }

  /** What a guest has written to its console: at most its last MiB. "" where there never was such an instance. */
  consoleText(id: string): string {
    this.#now()
    return this.#state.inventory.get(id)?.console ?? ""
  }

  /** Replaces an instance's tags. False if there never was one. */
  retag(id: string, tags: Readonly<Record<string, string>>): boolean {
    const life = this.#state.inventory.get(id)
    if (life === undefined) return false
    this.#state.inventory.retag(life, tags)
    return true
  }

  /** The interruption notices in force: who will be taken, and when (milliseconds since 1970). */
  notices(): readonly { readonly id: string; readonly at: number }[] {
    this.#now()
    return noticesNow(this.#state)
  }

  /** How many more of a pool could be made now, quotas aside; 0 for what is not sold. */
  stock(pool: Pool): number {
    this.#now()
    const offer = this.#state.catalogue.find(pool)
    return offer === undefined ? 0 : this.#state.pools.free(offer)
  }

  /** Lets every pool in scope hold so many in all. What runs already stays. */
  setCapacity(scope: Scope, count: number): void {
    this.#state.pools.set(scope, count)
  }

  /** The quotas, all or those that limit one pool, with what is used of them. */
  quotas(pool?: Pool): readonly QuotaUse[] {
    this.#now()
    return this.#state.quotas.use(pool === undefined ? undefined : this.#state.catalogue.find(pool))
  }

  /** Adds a quota, or replaces the one of the same family and market. */
  setQuota(row: QuotaRow): void {
    this.#state.quotas.set(row)
  }

  /** Does something `ms` from now, before the first request or look after that moment; it sets no timer. */
  after(ms: number, act: () => void): void {
    this.#state.agenda.add(this.#now() + ms, act)
  }

  /** What the true buckets hold now. */
  levels(): Readonly<Record<string, number>> {
    return this.#state.buckets.levels(this.#now())
  }

  /** Sets how long things take from now on; a field that is left out keeps its value. */
  setLatency(latency: Partial<Latency>): void {
    this.#state.latency = { ...this.#state.latency, ...latency }
  }

  get latency(): Latency {
    return this.#state.latency
  }

  /** A delay drawn from the seed, in milliseconds. */
  draw(span: Span): number {
    return sampleSpan(span, this.#state.luck.delays)
  }

  /** What all instances there ever were have cost until `now`, in USD; those without a price count nothing. */
  cost(now = this.clock.now()): number {
    let usd = 0
    for (const life of this.#state.inventory.all()) {
      usd += (paidMs(life, now, this.settings) / HOUR_MS) * (life.offer.pricePerHour ?? 0)
    }
    return usd
  }

  /** For how long an instance was paid for until `now`: while running, not pending; see `billsUntilGone` and `billsStopped`. */
  runningSeconds(id: string, now = this.clock.now()): number {
    const life = this.#state.inventory.get(id)
    return life === undefined ? 0 : paidMs(life, now, this.settings) / 1000
  }

  /** Oldest first. Of those after an order only the first `count` matter: a page must not cost as much as a whole list. */
  #look(
    filter: WorldFilter,
    where: "listed" | "all",
    stateOf: typeof stateAt,
    { after, count } = { after: 0, count: Number.POSITIVE_INFINITY },
  ): [Life, InstanceState][] {
    const now = this.#now()
    const { inventory } = this.#state
    const isOrdered = filter.ids === undefined
    const found: [Life, InstanceState][] = []
    for (const life of inventory.matching(filter, where, after)) {
      if (found.length >= count && isOrdered) break
      const state = stateOf(life, now)
      if (state !== undefined && (filter.states?.includes(state) ?? true)) found.push([life, state])
    }
    return found.sort(([a], [b]) => a.order - b.order)
  }

  /** Now, with all that was due by now done. */
  #now(): number {
    const now = nowOf(this.#state)
    this.#state.agenda.catchUp(now)
    return now
  }
}

function newState(settings: WorldSettings): WorldState {
  const luck = luckOf(settings.seed, `${settings.provider}/${settings.region}`)
  const pools = new Pools(settings.capacity)
  const faults = new Faults({
    now: () => nowOf(state),
    random: luck.faults,
    setCapacity: (scope, count) => pools.set(scope, count),
    interrupt: (target, options) => interrupt(state, target, options),
    storm: (storm) => strikeAll(state, storm),
  })
  const state: WorldState = {
    settings,
    latency: settings.latency,
    luck,
    agenda: new Agenda(),
    ledger: new Ledger(),
    faults,
    catalogue: new Catalogue(settings, settings.types),
    pools,
    quotas: new Quotas(settings.quotas),
    buckets: new Buckets(settings.buckets),
    inventory: new Inventory(),
    resources: new Resources(() => state.agenda.catchUp(nowOf(state))),
    made: new Tokens(settings.tokenTtlMs),
    names: new Map(),
    noticed: new Set(),
  }
  return state
}
