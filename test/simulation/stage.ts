/** Stage: builds a trial's worlds and providers, and lets its misfortunes happen. */
import { VirtualClock } from "../../src/calls/clock.js"
import type { Provider } from "../../src/provider.js"
import { type Fault as WorldFault, World, type WorldInstance, worldProvider } from "../../src/simulator/index.js"
import { TAG } from "../../src/fleet/tags.js"
import type { At, Blow, Fault, Trial } from "./trial.js"

export const CLUSTER = "ours"
/** The type that every trial uses: one vCPU, so that quotas count instances. */
export const TYPE = "s1.small"

export interface Stage {
  readonly clock: VirtualClock
  readonly worlds: readonly World[]
  readonly providers: readonly Provider[]
  /** The ids of what belongs to others. */
  readonly foreign: ReadonlySet<string>
  /** How long an instance may look pending before it counts as failed. */
  readonly bootMs: number
}

export function buildStage(trial: Trial): Stage {
  const clock = new VirtualClock({ seed: trial.seed })
  const worlds = Array.from({ length: trial.regions }, (_, index) => newWorld(trial, clock, index))
  const foreign = new Set(worlds.flatMap(plantForeign))
  for (const world of worlds) limitStock(world, trial)
  const providers = worlds.map((world) => providerOf(world, trial))
  return { clock, worlds, foreign, providers, bootMs: bootLimitMs(trial.lagMs) }
}

function newWorld(trial: Trial, clock: VirtualClock, index: number): World {
  const { seed, zones, lagMs, bootMs, requestMs, page, batch, bucket, shownWhenGone } = trial
  const region = `r${index + 1}`
  return new World({
    clock,
    seed,
    region,
    zones: ["a", "b", "c"].slice(0, zones).map((letter) => `${region}${letter}`),
    latency: {
      requestMs: [requestMs / 2, requestMs],
      createMs: [requestMs, requestMs * 2],
      bootMs: [bootMs / 2, bootMs],
    },
    listLagMs: [0, lagMs],
    // A seam's promise: whatever was changed is seen by then.
    limits: { listPage: page, createBatch: batch, terminateBatch: batch, consistencyMs: windowMs(trial) },
    buckets: { reads: { kind: "token", ...bucket }, writes: { kind: "token", ...bucket } },
    terminatedVisibleMs: shownWhenGone ? 3_600_000 : 0,
    billsUntilGone: !shownWhenGone,
  })
}

/** The consistency window of a trial's worlds. */
export function windowMs({ lagMs }: Pick<Trial, "lagMs">): number {
  return lagMs + 10_000
}

/** How long an instance may look pending: a list tells late that it runs. */
export function bootLimitMs(lagMs: number): number {
  return 180_000 + lagMs
}

function providerOf(world: World, { style, lagMs }: Trial): Provider {
  return worldProvider(world, {
    names: style === "names",
    fleets: style === "fleets",
    ...(style === "operations" ? { settleMs: [1_000, 20_000] } : {}),
    overrides: { bootMs: bootLimitMs(lagMs) },
  })
}

/** Somebody else's: without tags, of another owner under the same name, and of another cluster. */
function plantForeign(world: World): readonly string[] {
  const zone = world.settings.zones[0] ?? ""
  const theirs = { [TAG.cluster]: CLUSTER, [TAG.uid]: "somebody", [TAG.owner]: "somebody", [TAG.group]: "default" }
  const others = { ...theirs, [TAG.cluster]: "theirs", [TAG.owner]: "default" }
  return [{}, theirs, others].flatMap((tags) => {
    const made = world.create({ zone, instanceType: "m1.large", market: "on-demand", min: 1, max: 2, tags })
    return made.kind === "created" ? made.instances.map(({ id }) => id) : []
  })
}

function limitStock(world: World, { stock, quotaVcpus }: Trial): void {
  stock.forEach((count, index) => {
    const zone = world.settings.zones[index]
    if (zone !== undefined) world.setCapacity({ zone, instanceType: TYPE }, count)
  })
  // What is there already counts as well.
  if (quotaVcpus !== undefined) world.setQuota({ family: "standard", vcpus: quotaVcpus + 12 })
}

/** Stock and quota are plentiful from now on, and requests are answered. */
export function calm({ worlds }: Stage): void {
  for (const world of worlds) {
    world.faults.clear()
    world.setCapacity({}, Number.POSITIVE_INFINITY)
    world.setQuota({ family: "standard", vcpus: 100_000 })
  }
}

export function oursIn(world: World, states?: Parameters<World["truth"]>[0]): readonly WorldInstance[] {
  return world.truth({ tags: { [TAG.cluster]: CLUSTER, [TAG.owner]: "default" }, ...states })
}

/** Lets everything happen at its time; resolves when the last of it is over. */
export async function befall(stage: Stage, { blows, faults }: Trial): Promise<void> {
  const { clock, worlds } = stage
  const run = <T extends Blow | Fault>({ atMs, what }: At<T>, act: (world: World, what: T) => void) =>
    clock.sleep(atMs).then(() => {
      for (const world of worlds) act(world, what)
      return clock.sleep("forMs" in what ? what.forMs : 0)
    })
  await Promise.all([...blows.map((at) => run<Blow>(at, strike)), ...faults.map((at) => run<Fault>(at, script))])
}

function strike(world: World, blow: Blow): void {
  if (blow.kind === "storm") world.faults.storm({ share: blow.share, withinMs: Math.max(1, blow.forMs) })
  else if (blow.kind === "drain") {
    const zone = world.settings.zones[blow.zone]
    if (zone !== undefined) world.setCapacity({ zone, instanceType: TYPE }, blow.left)
  } else if (blow.kind === "bad-boots") {
    world.faults.rateBoots(blow.share, { instanceType: TYPE }, { how: blow.stuck ? "stuck" : "terminated" })
    world.after(blow.forMs, () => world.faults.healBoots())
  } else {
    const alive = oursIn(world, { states: ["pending", "running"] }).map(({ id }) => id)
    const ids = alive.slice(0, Math.ceil(alive.length * blow.share))
    if (blow.kind === "interrupt") world.faults.interrupt(ids, { noticeMs: blow.noticeMs })
    else if (blow.kind === "vanish") world.lose(ids)
    else world.stop(ids)
  }
}

/** The longest a request may be under way in a trial: later than this is too late. */
const TOO_LATE_MS = 90_000

const FAULTS: Readonly<Record<Fault["kind"], WorldFault>> = {
  "lose-reply": { kind: "lose-reply" },
  hang: { kind: "hang" },
  "cut-reply": { kind: "cut-reply" },
  "garble-reply": { kind: "garble-reply" },
  late: { kind: "late", ms: 20_000 },
  "too-late": { kind: "late", ms: TOO_LATE_MS },
  twice: { kind: "twice" },
  "half-list": { kind: "fail", error: "transient", code: "ConnectionReset" },
  "error-500": { kind: "fail", error: "transient", code: "InternalError" },
  reset: { kind: "fail", error: "transient", code: "ConnectionReset" },
  throttle: { kind: "fail", error: "throttled", code: "RequestLimitExceeded", retryAfterMs: 1_000 },
}

function script(world: World, { kind, api, share, forMs }: Fault): void {
  const until = world.clock.now() + forMs
  const isOn = () => world.clock.now() < until
  const isLaterPage = (parameters: unknown) => Number((parameters as { after?: number } | null)?.after ?? 0) > 0
  const when = kind === "half-list" ? (parameters: unknown) => isOn() && isLaterPage(parameters) : isOn
  world.faults.rate(kind === "half-list" ? "ListInstances" : api, share, FAULTS[kind], when)
}
