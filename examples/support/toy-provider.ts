/** A complete provider, for the toy cloud of toy-cloud.ts. docs/write-a-provider.md explains it step by step. */
import { createHash } from "node:crypto"
import * as muster from "muster-vms"
import { type ToyCloud, ToyError, type ToyMachine, type ToyPrice } from "./toy-cloud.js"

const HERE = { provider: "toy", region: "toyland" } as const
const KIND = { market: "on-demand", family: "general", arch: "x86_64" } as const
const STATES = { booting: "pending", up: "running", deleted: "terminated" } as const
const [PACE, COST] = [{ requests: { kind: "token", capacity: 100, perSecond: 50 } }, { requests: 1 }] as const
const LIMITS = { consistencyMs: 20, attemptMs: 5000, bootMs: 5000, userDataBytes: 0, look: { firstMs: 5, everyMs: 20 } }
const CLASSES: Readonly<Record<string, new (message: string, words: muster.Refusal) => Error>> = {
  ...{ TOO_FAST: muster.ThrottledError, BUSY: muster.TransientError, NOT_ALLOWED: muster.AuthError },
  ...{ NO_STOCK: muster.CapacityError, OVER_QUOTA: muster.QuotaError },
  ...{ BAD_ORDER: muster.RejectedError, NAME_HELD: muster.OwnershipError },
}
function toOffer({ site: zone, size: instanceType, cores: vcpus, gib: memoryGiB, dollarsPerHour }: ToyPrice) {
  return { ...HERE, ...KIND, zone, instanceType, vcpus, memoryGiB, pricePerHour: dollarsPerHour }
}
function toInstance({ id, site, size, status, createdAt, deletedAt, labels }: ToyMachine): muster.Instance {
  const place = { ...HERE, zone: site, instanceType: size, market: KIND.market }
  const times = { launchedAt: createdAt, ...(deletedAt === undefined ? {} : { endedAt: deletedAt }) }
  return { ...place, ...times, id, name: id, state: STATES[status], tags: labels }
}
function isAskedFor({ ids, states, zones, ...tagged }: muster.Selector) {
  const has = <T>(list: readonly T[] | undefined, one: T) => list === undefined || list.includes(one)
  return ({ id, state, zone, tags }: muster.Instance) =>
    has(ids, id) && has(states, state) && has(zones, zone) && muster.tagsMatch(tags, tagged)
}
function split({ uid, id, group, count, spread, offers }: muster.Wish, { body }: muster.Prepared) {
  const best = offers.filter(({ zone }, index) => offers.findIndex((offer) => offer.zone === zone) === index)
  const sites = best.slice(0, spread === "zones" ? count : Math.min(1, count))
  return sites.map((site, index): muster.LaunchCall => {
    const token = createHash("sha256").update(`${uid} ${id} ${index}`).digest("hex").slice(0, 32)
    const share = Math.floor((count + index) / sites.length)
    return { api: "toy.launching", zone: site.zone, group, offers: [site], count: share, token, body, cost: COST }
  })
}

/** The provider of a toy cloud. It keeps nothing itself: two of them see the same cloud. */
export function toy(cloud: ToyCloud): muster.Provider {
  const ask = <T>(calls: muster.Calls, what: string, run: (s: AbortSignal) => Promise<T>, scope: muster.Scope = HERE) =>
    calls.send(`toy.${what.split(" ")[0]}`, COST, async ({ signal }) => {
      return run(signal).catch((cause: unknown) => {
        if (!(cause instanceof ToyError)) throw cause
        const words = { code: cause.code, cause, scope, ttlMs: 60_000 }
        throw new (CLASSES[cause.code] ?? muster.TransientError)(`${what}: ${cause.message}`, words)
      })
    })
  const claim = ({ cluster, uid, generation, claim: holder }: muster.Owner, calls: muster.Calls) =>
    ask(calls, `claiming ${cluster}`, (s) => cloud.reserve(uid, generation, holder, s))
  const launch = async ({ token, count, group, offers, body }: muster.LaunchCall, calls: muster.Calls) => {
    const { zone = "", instanceType = "" } = offers[0] ?? {}
    const { owner, tags } = body as unknown as { owner: muster.Owner; tags: Record<string, string> }
    const labels = { ...tags, ...muster.launchTags(owner, group, token) }
    const order = { token, count, site: zone, size: instanceType, labels }
    const doing = `launching ${count} x ${instanceType} in ${zone}`
    const machines = await ask(calls, doing, (s) => cloud.create(order, s), { ...HERE, zone, instanceType })
    return { instances: machines.map(toInstance), failures: [], settled: true }
  }
  return {
    ...{ name: HERE.provider, region: HERE.region, claim, split, launch },
    limits: { ...LIMITS, account: "toy", buckets: PACE, markets: [KIND.market], goneStates: [STATES.deleted] },
    settle: (call, _ref, calls) => launch(call, calls),
    offers: async (query, calls) =>
      (await ask(calls, "pricing", (s) => cloud.prices(s))).map(toOffer).filter((offer) => muster.fits(offer, query)),
    prepare: async (owner, { tags }, calls) => {
      await (calls.readOnly ? undefined : claim(owner, calls))
      return { notes: ["a toy machine runs no startup script"], body: { owner: { ...owner }, tags } }
    },
    list: async (selector, calls) =>
      (await ask(calls, "listing", (s) => cloud.list(s))).map(toInstance).filter(isAskedFor(selector)),
    terminate: async (instances, calls) => {
      const accepted = instances.map(({ id }) => ({ id, state: STATES.deleted }))
      await ask(calls, "deleting", (s) => cloud.delete(accepted, s))
      return { accepted, failures: [] }
    },
  }
}
