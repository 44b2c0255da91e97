/** What the promises are checked with: one subject, and all that was launched on it, to be removed at the end. */
import assert from "node:assert/strict"
import { randomUUID } from "node:crypto"
import { setMaxListeners } from "node:events"
import { bareCalls } from "../../src/calls/send.js"
import { TransientError } from "../../src/errors.js"
import type {
  Calls,
  GroupRequest,
  Instance,
  Json,
  LaunchCall,
  Launched,
  Offer,
  Owner,
  Prepared,
  Provider,
  Room,
  Selector,
  Wish,
} from "../../src/provider.js"
import type { CallOptions, Subject } from "./subject.js"

/** Buckets full and nothing under way. */
const EMPTY_ROOM: Room = { levels: {}, launches: [] }

const HOUR_MS = 3_600_000

/** Instances of one cluster, and the calls that made them. */
export interface Launch {
  readonly owner: Owner
  readonly prepared: Prepared
  readonly calls: readonly LaunchCall[]
  readonly instances: readonly Instance[]
}

export interface LaunchOptions {
  readonly owner?: Owner
  readonly group?: Partial<GroupRequest>
  readonly wish?: Partial<Wish>
}

export class Scene {
  readonly subject: Subject
  readonly provider: Provider
  readonly #owners: Owner[] = []
  readonly #launched: Instance[] = []
  #wishes = 0

  constructor(subject: Subject) {
    this.subject = subject
    this.provider = subject.provider
  }

  get count(): number {
    return this.subject.count ?? 3
  }

  calls(options: CallOptions = {}): Calls {
    const calls = this.subject.calls?.(options) ?? this.bareCalls(options)
    // Many requests at once listen to one signal; that is no leak.
    setMaxListeners(0, calls.signal)
    return calls
  }

  /** Calls that retry nothing: for what one request comes to. */
  bareCalls(options: CallOptions = {}): Calls {
    return bareCalls({ clock: this.subject.clock, ...options })
  }

  /** The next request of these calls is done, and the caller never hears of it. */
  deafCalls(): Calls {
    const calls = this.bareCalls()
    if (this.subject.faults !== undefined) {
      this.subject.faults.loseReply()
      return calls
    }
    let isLost = false
    return {
      ...calls,
      send: async (api, cost, fn) => {
        const answer = await calls.send(api, cost, fn)
        if (isLost) return answer
        isLost = true
        throw new TransientError(`${api}: the answer was lost on purpose`)
      },
    }
  }

  /** A cluster of its own for each test, so that tests on one account do not meet. */
  owner(over: Partial<Owner> = {}): Owner {
    const uid = randomUUID().replaceAll("-", "").slice(0, 12)
    const deadline = String(Math.ceil((this.subject.clock.now() + HOUR_MS) / 1000))
    const claim = randomUUID().replaceAll("-", "").slice(0, 16)
    const owner = { cluster: `contract-${uid}`, uid, owner: "contract", generation: 1, deadline, claim, ...over }
    this.#owners.push(owner)
    return owner
  }

  group(offers: readonly Offer[], over: Partial<GroupRequest> = {}): GroupRequest {
    const archs = [...new Set(offers.map(({ arch }) => arch))]
    const defaults = { name: "default", environment: {}, publicAddress: "auto", tags: {}, archs } as const
    return { ...defaults, ...this.subject.group, ...over }
  }

  /** Everything the subject's query allows, cheapest first. */
  async offers(): Promise<readonly Offer[]> {
    const query = this.subject.query ?? { markets: this.provider.limits.markets.slice(0, 1) }
    const offers = await this.provider.offers(query, this.calls())
    assert.ok(offers.length > 0, "the provider offers nothing for the subject's query")
    return [...offers].sort((a, b) => priceOf(a) - priceOf(b))
  }

  /** The cheapest type, in every zone. */
  async wish(owner: Owner, count: number, over: Partial<Wish> = {}): Promise<Wish> {
    const all = await this.offers()
    const first = all[0]
    assert.ok(first !== undefined)
    const offers = all.filter(
      ({ instanceType, market }) => instanceType === first.instanceType && market === first.market,
    )
    const id = `wish-${++this.#wishes}`
    const { market, arch } = first
    return { id, uid: owner.uid, group: "default", count, offers, market, arch, spread: "one-zone", ...over }
  }

  /** The launch calls for some instances, prepared but not sent. */
  async plan(count: number, options: LaunchOptions = {}): Promise<Omit<Launch, "instances"> & { readonly wish: Wish }> {
    const owner = options.owner ?? this.owner()
    const name = options.group?.name ?? "default"
    const wish = await this.wish(owner, count, { group: name, ...options.wish })
    const prepared = await this.provider.prepare(owner, this.group(wish.offers, options.group), this.calls())
    return { owner, prepared, wish, calls: this.provider.split(wish, prepared, EMPTY_ROOM) }
  }

  split(wish: Wish, prepared: Prepared): readonly LaunchCall[] {
    return this.provider.split(wish, prepared, EMPTY_ROOM)
  }

  /** Launches, and waits until all calls are settled and all instances are there. */
  async up(count: number, options: LaunchOptions = {}): Promise<Launch> {
    const plan = await this.plan(count, options)
    const outcomes = await Promise.all(plan.calls.map((call) => this.launch(call)))
    const failures = outcomes.flatMap((outcome) => outcome.failures)
    const instances = outcomes.flatMap((outcome) => outcome.instances)
    assert.equal(instances.length, count, `launching ${count}: ${JSON.stringify(failures)}`)
    return { ...plan, instances }
  }

  /** Sends one launch call and looks at it until it is settled. */
  async launch(call: LaunchCall, provider = this.provider): Promise<Launched> {
    return this.settled(call, await provider.launch(call, this.calls()), provider)
  }

  async settled(call: LaunchCall, first: Launched, provider = this.provider): Promise<Launched> {
    let outcome = first
    await this.until(`launch call ${call.token} to settle`, async () => {
      if (outcome.settled) return true
      assert.ok(outcome.ref !== undefined, "a launch that is not settled has a ref")
      outcome = await provider.settle(call, jsonCopy(outcome.ref), this.calls())
      return outcome.settled
    })
    this.#launched.push(...outcome.instances)
    return outcome
  }

  list(selector: Selector): Promise<readonly Instance[]> {
    return this.provider.list(selector, this.calls())
  }

  /** The instances that lists show and that are not gone, when there are as many as expected. */
  async live(selector: Selector, count: number): Promise<readonly Instance[]> {
    let live: readonly Instance[] = []
    await this.until(`${count} live instances of ${JSON.stringify(selector)}`, async () => {
      live = (await this.list(selector)).filter((instance) => !this.isGone(instance))
      return live.length === count
    })
    return live
  }

  isGone({ state }: Pick<Instance, "state">): boolean {
    return this.provider.limits.goneStates.includes(state)
  }

  /** Until nobody can be surprised any more by what lists did not show yet. */
  async consistent(): Promise<void> {
    await this.subject.clock.sleep(this.provider.limits.consistencyMs)
  }

  async until(what: string, condition: () => Promise<boolean>): Promise<void> {
    const { clock, deadlineMs = 300_000 } = this.subject
    const end = clock.now() + deadlineMs
    while (!(await condition())) {
      assert.ok(clock.now() < end, `waited ${deadlineMs} ms for ${what}`)
      await clock.sleep(this.provider.limits.look.firstMs)
    }
  }

  /** Ends what runs of a cluster, also what lists show only later, and waits until it is gone. */
  async down(owner: Owner): Promise<void> {
    await this.until(`cluster ${owner.uid} to end`, async () => {
      const running = (await this.list({ uid: owner.uid })).filter((instance) => !this.isGone(instance))
      await this.provider.terminate(running, this.calls())
      return running.length === 0
    })
  }

  /** Removes everything that the test made. What was launched is known by its answer before lists show it. */
  async clean(): Promise<void> {
    await this.provider.terminate(this.#launched, this.calls())
    for (const owner of this.#owners) {
      await this.down(owner)
      await this.removeLeft(owner)
    }
  }

  /** Removes the rest of a cluster that is down. A cloud may hold some of it for a while. */
  async removeLeft(owner: Owner): Promise<void> {
    await this.until(`what is left of cluster ${owner.uid} to go`, async () => {
      const leftovers = (await this.provider.leftovers?.({ uid: owner.uid }, this.calls())) ?? []
      const own = leftovers.filter(({ shared }) => !shared)
      if (own.length === 0) return true
      const removing = this.provider.remove?.(own, this.calls()) ?? Promise.resolve()
      return removing.then(
        () => true,
        (error: unknown) => {
          if (error instanceof TransientError) return false
          throw error
        },
      )
    })
  }
}

function priceOf({ pricePerHour }: Offer): number {
  return pricePerHour ?? Number.POSITIVE_INFINITY
}

/** What comes back from a journal after a restart. */
export function jsonCopy<T extends Json | LaunchCall | Prepared>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T
}

export function idsOf(instances: readonly Pick<Instance, "id">[]): readonly string[] {
  return instances.map(({ id }) => id).sort()
}

/** The hook a promise cannot be checked without. */
export function need<T>(hook: T | undefined, name: string): T {
  assert.ok(hook !== undefined, `this promise needs subject.${name}: give it, or skip the promise with a reason`)
  return hook
}
