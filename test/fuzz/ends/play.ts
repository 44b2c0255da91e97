/**
 * One play of the fuzz of ends: an owner is killed while it launches, or told to end and told again, and somebody ends what it has
 * left. When that says that all is gone, nothing runs after it, and nothing is left.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { VirtualClock } from "../../../src/calls/clock.js"
import { EXIT } from "../../../src/cli/exit-codes.js"
import { run } from "../../../src/cli/run.js"
import { Cluster } from "../../../src/cluster.js"
import { type EndRequest, endAll } from "../../../src/exit/ender.js"
import { endRequests } from "../../../src/exit/requests.js"
import type { JsonObject, Provider } from "../../../src/provider.js"
import { type ClusterSpec, type ProviderName, resolveSpec } from "../../../src/spec.js"
import { Session } from "../../../src/session/session.js"
import { type AttachSpec, resolveScale } from "../../../src/verbs/verbs.js"
import { type Place, providerAt } from "../../chaos/places.js"
import { type Wire, type WiredCloud, WIRES } from "../../chaos/wires.js"
import { type Play, playOf } from "./draw.js"
import { placeFor } from "./places.js"
import { watchHandles } from "../../support/handles.js"
import { type Edge, type Life, mortal } from "../../support/mortal.js"
import { HELD, sessionOptions } from "../../support/session.js"

const MINUTE_MS = 60_000
const NAME = "ends"
/** No process has this number: the largest that Linux gives is 4194304. */
const NO_PROCESS = 4_194_305

/** What a cloud's launches are asked for with. */
const LAUNCHES: Readonly<Record<WiredCloud, readonly string[]>> = {
  aws: ["RunInstances", "CreateFleet"],
  gcp: ["instances.bulkInsert", "regionInstances.bulkInsert"],
  azure: ["VirtualMachines_CreateOrUpdate"],
}

const TYPES: Readonly<Record<WiredCloud, readonly string[]>> = {
  aws: ["m7i.large", "c7i.large"],
  gcp: ["n2-standard-4", "c4-standard-4"],
  azure: ["Standard_D2s_v5", "Standard_D4s_v5"],
}

export interface Played {
  readonly play: Play
  readonly instances: number
  readonly requests: number
  /** How often whoever ended it said that all is gone, and that something may come. */
  readonly saidGone: number
  readonly saidMore: number
  readonly virtualHours: number
  /** What was promised and not kept; empty when all was. */
  readonly broken: readonly string[]
}

interface Stage {
  readonly cloud: WiredCloud
  readonly play: Play
  readonly clock: VirtualClock
  readonly wire: Wire
  readonly directory: string
  readonly place: Place
  readonly spec: ClusterSpec
}

export async function play(cloud: WiredCloud, seed: number): Promise<Played> {
  const chosen = playOf(seed)
  const { lagMs, createMs, types } = chosen
  const clock = new VirtualClock({ seed })
  const latency = { requestMs: [20, 60], createMs: [50, createMs], bootMs: 5_000, stopMs: [1_000, 10_000] } as const
  const wire = await WIRES[cloud]({ clock, seed, listLagMs: [0, lagMs], latency })
  const directory = mkdtempSync(join(tmpdir(), "muster-ends-"))
  const closeHandles = watchHandles()
  try {
    const place = await clock.run(placeFor(cloud, wire, chosen.isShared, clock))
    const provider = await providerAt(place)
    const instanceType = TYPES[cloud].slice(0, types)
    const spec = { ...wire.spec, name: NAME, provider, instanceType }
    return await live({ cloud, play: chosen, clock, wire, directory, place, spec })
  } finally {
    await Promise.all([wire.close(), closeHandles()])
    rmSync(directory, { recursive: true, force: true })
  }
}

async function live(stage: Stage): Promise<Played> {
  const { play: chosen, clock, wire } = stage
  const begun = clock.now()
  const foreign = plantForeign(wire)
  const said: (number | string)[] = []
  const broken = [...(chosen.end === "killed" ? await killed(stage, said) : await toldTwice(stage, said))]
  if (wire.world.truth({ states: ["pending", "running"] }).filter(({ id }) => foreign.includes(id)).length !== 1)
    broken.push("somebody else's instance was touched")
  return {
    play: chosen,
    instances: wire.world.truth().length,
    requests: wire.world.ledger.entries.length,
    saidGone: said.filter((code) => code === EXIT.ok).length,
    saidMore: said.filter((code) => code === EXIT.timeout).length,
    virtualHours: (clock.now() - begun) / 3_600_000,
    broken,
  }
}

function plantForeign({ world }: Wire): readonly string[] {
  const [offer] = world.offers
  if (offer === undefined) throw new Error("the world sells nothing")
  const { zone, instanceType, market } = offer
  const tags = { "muster-cluster": NAME, "muster-uid": "theirs", "muster-owner": "somebody", "muster-group": "default" }
  const made = world.create({ zone, instanceType, market, min: 1, max: 1, tags })
  return made.kind === "created" ? made.instances.map(({ id }) => id) : []
}

/** An owner whose process ends at the moment that was drawn; resolves then. */
async function dieLaunching(stage: Stage): Promise<void> {
  const { play: chosen, clock, spec, directory } = stage
  const life = mortalAt(stage, (own) => own.die())
  const journal = isElsewhere(chosen) ? join(directory, "theirs") : directory
  const owner = new Cluster(
    { ...spec, provider: life.provider(spec.provider as Provider) },
    { clock: life.clock, journal },
  )
  if (chosen.before > 0) await clock.run(Promise.race([owner.scale(chosen.before), life.death]))
  breakOne(stage)
  life.arm()
  const scaled = owner.scale(chosen.before + chosen.wanted).catch(() => {})
  // Where there are fewer launch calls it dies after the last.
  await clock.run(Promise.race([life.death, scaled.then(() => clock.sleep(chosen.moment.afterMs))]))
  life.die()
  disown(journal)
}

interface Armed extends Life {
  /** From now on launch calls count. */
  arm(): void
}

/** `act` is done at the moment that was drawn. */
function mortalAt({ cloud, play: { moment }, clock }: Stage, act: (life: Life) => void): Armed {
  let [isArmed, seen, isDone] = [false, 0, false]
  const pass = (edge: Edge, what: string, life: Life) => {
    if (!isArmed || isDone || edge !== moment.edge || !LAUNCHES[cloud].includes(what)) return
    seen += 1
    if (seen < moment.number) return
    isDone = true
    if (moment.afterMs === 0) act(life)
    else clock.timer(moment.afterMs, () => act(life))
  }
  const life = mortal(clock, pass)
  return Object.defineProperties({} as Armed, {
    ...Object.getOwnPropertyDescriptors(life),
    arm: {
      value: () => {
        isArmed = true
      },
    },
  })
}

function breakOne({ cloud, play: { fault }, wire: { world } }: Stage): void {
  for (const api of LAUNCHES[cloud]) {
    if (fault === "lose-reply") world.faults.loseReply(api)
    if (fault === "throttle") world.faults.fail(api, { error: "throttled", retryAfterMs: 20_000 })
    if (fault === "error") world.faults.fail(api, { error: "transient", code: "InternalError" })
  }
}

/** The journal of a process of this one is that of one that lives; its own has ended. */
function disown(directory: string): void {
  let names: readonly string[] = []
  try {
    names = readdirSync(directory)
  } catch {
    // It has written none.
  }
  for (const name of names.filter((one) => one.endsWith(".jsonl"))) {
    const path = join(directory, name)
    writeFileSync(path, readFileSync(path, "utf8").replaceAll(`"pid":${process.pid}}`, `"pid":${NO_PROCESS}}`))
  }
}

async function killed(stage: Stage, said: (number | string)[]): Promise<readonly string[]> {
  const { play: chosen, clock } = stage
  await dieLaunching(stage)
  await clock.run(clock.sleep(chosen.pauseMs))
  const code = await end(stage)
  said.push(code)
  const broken = await judge(stage, code)
  // Where nothing could be seen nobody has said that all is gone: what came then goes as well.
  for (let more = 0; more < 2 && living(stage).length > 0; more += 1) said.push(await remove(stage))
  return [...broken, ...left(stage)]
}

function end(stage: Stage): Promise<number | string> {
  return stage.play.by.startsWith("close") ? close(stage) : remove(stage)
}

/** On another machine: the owner's journal is not there. */
function isElsewhere({ by }: Play): boolean {
  return by.endsWith("elsewhere")
}

/** The exit code of `muster delete`. */
async function remove({ cloud, play: chosen, clock, place, directory, spec }: Stage): Promise<number> {
  const journal = isElsewhere(chosen) ? join(directory, "ours") : directory
  const line = ["delete", NAME, "--yes", "--provider", cloud, "--journal", journal]
  const surroundings = {
    env: {},
    version: "1",
    clock,
    load: () => clock.busy("loading", providerAt(place)),
    out: () => {},
    say: () => {},
    ask: undefined,
  }
  return clock.run(run([...line, "--region", (spec.provider as Provider).region], surroundings))
}

/** As exit codes have it; another error's words. */
async function close({ play: chosen, clock, directory, spec }: Stage): Promise<number | string> {
  const { provider } = spec
  const journal = isElsewhere(chosen) ? false : directory
  const closing = async () => {
    const cluster = await Cluster.attach(NAME, { provider } as AttachSpec, { clock, journal })
    await cluster.close()
  }
  try {
    await clock.run(closing())
    return EXIT.ok
  } catch (error) {
    const { code, message } = error as { readonly code: string; readonly message: string }
    return code === "NotFound" ? EXIT.notFound : message
  }
}

/** An owner that is told to end at the moment that was drawn, and again a while later: another process goes on with it. */
async function toldTwice(stage: Stage, said: (number | string)[]): Promise<readonly string[]> {
  const { play: chosen, clock, spec, place, directory } = stage
  let tell = () => {}
  const told = new Promise<void>((resolve) => {
    tell = resolve
  })
  const life = mortalAt(stage, () => tell())
  const provider = { ...life.provider(spec.provider as Provider), recipe: (): JsonObject => ({}) }
  const resolved = resolveSpec({ ...spec, provider })
  const session = await clock.run(Session.open(resolved, sessionOptions(life.clock, NAME, directory)))
  breakOne(stage)
  life.arm()
  const scale = { ...resolveScale(chosen.wanted, {}, session.groups()), begunAt: clock.now() }
  const scaled = session.scale(scale, HELD).catch(() => {})
  await clock.run(Promise.race([told, scaled.then(() => clock.sleep(chosen.moment.afterMs))]))
  void session.close({ timeoutMs: MINUTE_MS, drainMs: 0 }, () => {}).catch(() => {})
  await clock.run(clock.sleep(Math.min(chosen.pauseMs, MINUTE_MS)))
  const { requests } = endRequests(session.fleet, resolved, directory)
  life.die()
  disown(directory)
  // They go through a pipe.
  const heard = JSON.parse(JSON.stringify(requests)) as readonly EndRequest[]
  await clock.run(endAll(heard, clock, (_name: ProviderName) => providerAt(place)))
  said.push(EXIT.ok)
  const journals = readdirSync(directory).filter((name) => name.endsWith(".jsonl"))
  return [
    ...(await judge(stage, EXIT.ok)),
    ...left(stage),
    ...(journals.length > 0 ? [`${journals.length} journals are left`] : []),
  ]
}

function living({ wire }: Stage): readonly string[] {
  const ours = { "muster-cluster": NAME, "muster-owner": "default" }
  return wire.world.truth({ tags: ours, states: ["pending", "running", "stopped"] }).map(({ id }) => id)
}

/** Longer than any request may take, any operation, and any list may lag. */
const LATE_MS = 20 * MINUTE_MS

/** @param code what was said of the end. */
async function judge(stage: Stage, code: number | string): Promise<string[]> {
  const { play: chosen, clock } = stage
  const at = living(stage).length
  await clock.run(clock.sleep(LATE_MS))
  const late = living(stage).length
  // From elsewhere a cluster of which nothing can be seen yet is not there.
  const mayBeUnseen = code === EXIT.notFound && isElsewhere(chosen)
  if (code !== EXIT.ok && code !== EXIT.notFound) return [`it ended with ${code}`]
  if (mayBeUnseen || at + late === 0) return []
  return [`it said ${code}, and ${at} ran then, ${late} ${LATE_MS / MINUTE_MS} minutes later`]
}

/** Of the cluster, once somebody has said that it is gone. */
function left(stage: Stage): readonly string[] {
  const things = stage.wire.things().filter(({ tags }) => tags["muster-cluster"] === NAME)
  const alive = living(stage)
  return [
    ...(alive.length > 0 ? [`${alive.length} instances are left`] : []),
    ...things.map(({ kind, id }) => `${kind} ${id} is left`),
  ]
}
