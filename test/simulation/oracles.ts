/** Oracles: what must be true of a world when a trial is over, from its ledger and its truth alone. */
import type { Shortfall } from "../../src/errors.js"
import type { LedgerEntry, World } from "../../src/simulator/index.js"
import { TAG } from "../../src/fleet/tags.js"
import type { Receipt } from "../../src/index.js"
import { oursIn, type Stage } from "./stage.js"

const OWN_TAGS = [TAG.cluster, TAG.uid, TAG.owner, TAG.group, TAG.generation, TAG.launch, TAG.deadline]

/** All that is wrong, in words. */
export function problemsOf(stage: Stage): readonly string[] {
  const uids = new Set(stage.worlds.flatMap((world) => oursIn(world).map(({ tags }) => tags[TAG.uid])))
  return [
    ...sharedProblems(stage),
    ...(uids.size > 1 ? [`instances of ${uids.size} uids`] : []),
    ...stage.worlds.flatMap(overdrawn),
  ]
}

/** Whatever number of processes worked there, under whatever number of uids. */
export function sharedProblems({ worlds, foreign }: Stage): readonly string[] {
  return worlds.flatMap((world) => [...untagged(world, foreign), ...madeTwice(world), ...touched(world, foreign)])
}

/** Every instance tagged: whatever is not somebody else's carries all our tags. */
function untagged(world: World, foreign: ReadonlySet<string>): string[] {
  const ours = world.truth().filter(({ id }) => !foreign.has(id))
  const bare = ours.filter(({ tags }) => OWN_TAGS.some((key) => (tags[key] ?? "") === ""))
  return bare.map(({ id, tags }) => `${id} lacks tags: ${JSON.stringify(tags)}`)
}

/** Never two sets for one token: no launch call has ever made more than it asked for. */
function madeTwice(world: World): string[] {
  const asked = new Map<string, number>()
  for (const entry of launchesIn(world)) asked.set(tokenOf(entry), (entry.parameters as { max: number }).max)
  const made = new Map<string, number>()
  for (const { tags } of oursIn(world)) made.set(tags[TAG.launch] ?? "", (made.get(tags[TAG.launch] ?? "") ?? 0) + 1)
  return [...made].flatMap(([token, count]) =>
    count > (asked.get(token) ?? 0) ? [`launch ${token} asked for ${asked.get(token)} and made ${count}`] : [],
  )
}

export function launchesIn(world: World): readonly LedgerEntry[] {
  return ["CreateInstances", "CreateFleet", "PutInstance"].flatMap((api) => world.ledger.of(api))
}

function tokenOf({ parameters }: LedgerEntry): string {
  return (parameters as { tags: Record<string, string> }).tags[TAG.launch] ?? ""
}

/** A foreign instance untouched: never named in a request that ends, and running. */
function touched(world: World, foreign: ReadonlySet<string>): string[] {
  const named = world.ledger
    .of("TerminateInstances")
    .flatMap(({ parameters }) => (parameters as { ids: readonly string[] }).ids.filter((id) => foreign.has(id)))
  const ended = world.truth().filter(({ id, state }) => foreign.has(id) && state !== "running" && state !== "pending")
  return [...named.map((id) => `foreign ${id} was asked to go`), ...ended.map(({ id }) => `foreign ${id} has gone`)]
}

/** Calls within the buckets: what was sent, at the moments it was sent, never draws more than they hold. */
function overdrawn(world: World): string[] {
  const meters = newMeters(world)
  meters.feed(world.ledger.entries)
  return meters.problems()
}

export interface Meters {
  /** Entries in the order of their moments, each once. */
  feed(entries: readonly LedgerEntry[]): void
  /** One sentence for each bucket that was ever overdrawn. */
  problems(): string[]
}

/** The buckets of a world as its callers draw on them: at the moment of sending, not of arrival. */
export function newMeters(world: World): Meters {
  const meters = Object.entries(world.settings.buckets).flatMap(([name, bucket]) =>
    bucket.kind === "token" ? [{ name, bucket, level: bucket.capacity, at: 0, worst: 0 }] : [],
  )
  return {
    feed: (entries) => {
      for (const entry of entries) {
        for (const meter of meters) {
          const units = entry.cost?.[meter.name] ?? 0
          if (units === 0) continue
          const { capacity, perSecond } = meter.bucket
          meter.level = Math.min(capacity, meter.level + ((entry.at - meter.at) / 1000) * perSecond) - units
          meter.at = entry.at
          meter.worst = Math.max(meter.worst, -meter.level)
        }
      }
    },
    problems: () =>
      meters.flatMap(({ name, worst }) =>
        worst > 1e-6 ? [`bucket ${name} was overdrawn by ${worst.toFixed(3)}`] : [],
      ),
  }
}

/** Reasons always sum. */
export function sumProblem(said: { desired: number; running: number; shortfall: Shortfall }): readonly string[] {
  const { desired, running, shortfall } = said
  const sum = shortfall.reasons.reduce((total, { count }) => total + count, 0)
  const missing = Math.max(0, desired - running)
  const isWhole = shortfall.reasons.every(({ count }) => Number.isInteger(count) && count > 0)
  return sum === shortfall.count && sum === missing && isWhole
    ? []
    : [`${desired} wanted, ${running} run, shortfall ${shortfall.count}, reasons add up to ${sum}`]
}

/** The receipt equals the truth: the same instances, each where and what it was, each gone. */
export function receiptProblems({ worlds }: Stage, receipt: Receipt): readonly string[] {
  const rows = new Map(receipt.instances.map((row) => [row.id, row]))
  const truth = worlds.flatMap((world) => oursIn(world))
  const leaked = new Set(receipt.leaked.map(({ id }) => id))
  const ids = new Set(truth.map(({ id }) => id))
  return [
    ...[...rows.keys()].filter((id) => !ids.has(id)).map((id) => `the receipt has ${id}, which never was`),
    ...truth.flatMap((instance) => {
      const row = rows.get(instance.id)
      if (row === undefined) return [`the receipt lacks ${instance.id} (${instance.state}, ${endWords(instance)})`]
      const { zone, instanceType, market, createdAt } = instance
      const isSame =
        row.zone === zone && row.instanceType === instanceType && row.market === market && row.launchedAt === createdAt
      const isGone = instance.state === "terminating" || instance.state === "terminated"
      return [
        ...(isSame ? [] : [`the receipt has ${instance.id} as ${JSON.stringify(row)}`]),
        ...(isGone || leaked.has(instance.id)
          ? []
          : [`${instance.id} still lives (${instance.state}) and is not named`]),
      ]
    }),
  ]
}

/** Cost: what each worker is said to have cost is within so much of its price of what the world counts. */
export function costProblems({ worlds }: Stage, receipt: Receipt, apartMs: number): readonly string[] {
  const rows = new Map(receipt.instances.map((row) => [row.id, row]))
  return worlds.flatMap((world) =>
    oursIn(world).flatMap(({ id, offer }) => {
      const perMs = (offer.pricePerHour ?? 0) / 3_600_000
      const charged = world.runningSeconds(id) * 1000 * perMs
      const cost = rows.get(id)?.cost ?? Number.NaN
      const apart = Math.abs(cost - charged) / perMs
      return apart <= apartMs ? [] : [`${id} cost ${charged}, its receipt says ${cost}: ${apart} ms apart`]
    }),
  )
}

function endWords({ endReason, createdAt, leftAt }: ReturnType<typeof oursIn>[number]): string {
  return `${endReason?.reason ?? "no reason"}, left ${((leftAt ?? Number.NaN) - createdAt) / 1000} s after its birth`
}
