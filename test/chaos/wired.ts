/** The kill test's clouds behind a wire: what they hold is read in the world itself, whatever lists would show. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { systemClock } from "../../src/calls/clock.js"
import { Cluster } from "../../src/cluster.js"
import { TAG, tagsMatch } from "../../src/fleet/tags.js"
import type { InstanceState, Provider } from "../../src/provider.js"
import type { World, WorldInstance } from "../../src/simulator/index.js"
import type { Evidence } from "./kill.js"
import { namesIn } from "./machine.js"
import { providerAt } from "./places.js"
import { NAME, OWNER, type Scene } from "./scene.js"
import { clockOf, type SharedTime } from "./time.js"
import { type Wire, type WiredCloud, WIRES } from "./wires.js"

/** Boots, looks and windows of consistency are seconds to minutes; an SDK's own request still has two real seconds. */
const SPEED = 20

/** The clouds' own, shortened: less waiting for the same requests. Boots last over more than one look, and lists lag. */
const SHORT = {
  latency: { requestMs: [20, 60], createMs: [300, 600], bootMs: [2_000, 4_000], stopMs: [2_000, 5_000] },
  listLagMs: [0, 20_000],
} as const

/** For how long a list may differ from the truth and somebody must look again, in the cloud's time. */
const LAG_MS = 600_000
/** What a cloud may take to carry out a deletion that it has accepted, in its time. */
const DELETION_MS = 1_200_000
/** 500 kills take hours of the cloud's time, and the neighbours must outlive them. */
const NEIGHBOURS_LIVE = "30d"

interface Neighbour {
  readonly name: string
  readonly owner: string
  readonly count: number
}

/** The same name and another owner; the same owner and a longer name; one that will have no tags at all. */
const NEIGHBOURS: readonly Neighbour[] = [
  { name: NAME, owner: "neighbour", count: 2 },
  { name: `${NAME}-2`, owner: OWNER, count: 1 },
  { name: "bare", owner: OWNER, count: 1 },
]

export async function wiredScene(cloud: WiredCloud): Promise<Scene> {
  const directory = mkdtempSync(join(tmpdir(), "muster-kill-"))
  const time: SharedTime = { epoch: systemClock.now(), speed: SPEED }
  const wire = await WIRES[cloud]({ ...SHORT, clock: clockOf(time) })
  const provider = await providerAt(wire.place)
  await openNeighbours(wire, provider, time)
  const journal = join(directory, "journal")
  const witness = new Witness(wire, provider, journal)
  return {
    journal,
    options: {
      place: wire.place,
      name: NAME,
      spec: { ...wire.spec, startup: "exec sleep infinity" },
      time,
      lagMs: LAG_MS / SPEED,
      evidence: async () => witness.fresh(),
    },
    end: async () => {
      await wire.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** Nobody watches them: whatever happens to them is somebody's doing. */
async function openNeighbours({ world, spec }: Wire, provider: Provider, time: SharedTime): Promise<void> {
  const clock = clockOf(time)
  for (const { name, owner, count } of NEIGHBOURS) {
    const cluster = new Cluster(
      { ...spec, name, owner, provider, maxLifetime: NEIGHBOURS_LIVE },
      { journal: false, clock },
    )
    await cluster.scale(count)
    await cluster.detach()
  }
  for (const { id } of world.truth({ tags: { [TAG.cluster]: "bare" } })) world.retag(id, {})
}

class Witness implements Evidence {
  readonly #world: World
  readonly #wire: Wire
  readonly #goneStates: readonly InstanceState[]
  readonly #journal: string
  readonly #foreign: readonly string[]
  /** Instances up to this one are of an earlier kill. */
  #before = 0

  constructor(wire: Wire, provider: Provider, journal: string) {
    this.#wire = wire
    this.#world = wire.world
    this.#goneStates = ["terminated", ...provider.limits.goneStates]
    this.#journal = journal
    this.#foreign = this.#world.truth().map(({ id }) => id)
  }

  /** Forgets the kills before. */
  fresh(): Evidence {
    this.#before = this.#world.truth().at(-1)?.order ?? 0
    return this
  }

  async living(): Promise<readonly string[]> {
    return this.#ours().flatMap(({ id, state }) => (state === "pending" || state === "running" ? [id] : []))
  }

  async starts(): Promise<readonly string[]> {
    return this.#ours().flatMap(({ id, order }) => (order > this.#before ? [id] : []))
  }

  /** What a deletion was accepted for is given its time, instances that still cost are given none. */
  async remains(): Promise<readonly string[]> {
    const instances = this.#ours().filter(({ state }) => !this.#goneStates.includes(state))
    const deadline = systemClock.now() + DELETION_MS / SPEED
    for (let things = this.#things(); ; things = this.#things()) {
      if (things.length === 0 || systemClock.now() > deadline)
        return [...instances.map(({ id, state }) => `instance ${id}, ${state}`), ...things, ...this.#journals()]
      await systemClock.sleep(20)
    }
  }

  async touched(): Promise<readonly string[]> {
    return this.#foreign.filter((id) => this.#world.instance(id)?.state !== "running")
  }

  #ours(): readonly WorldInstance[] {
    return this.#world.truth({ tags: { [TAG.cluster]: NAME, [TAG.owner]: OWNER } })
  }

  #things(): readonly string[] {
    const ours = this.#wire.things().filter(({ tags }) => tagsMatch(tags, { cluster: NAME, owner: OWNER }))
    return ours.map(({ kind, id }) => `${kind} ${id}`)
  }

  #journals(): readonly string[] {
    return namesIn(this.#journal)
      .filter((file) => file.startsWith(`${NAME}.`))
      .map((file) => `journal ${file}`)
  }
}
