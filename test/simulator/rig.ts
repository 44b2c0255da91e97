/** A quiet world to start from: nothing lags, everything takes as long as it says. */
import { VirtualClock } from "../../src/calls/clock.js"
import {
  type CreateRequest,
  type Creation,
  World,
  type WorldInstance,
  type WorldOptions,
} from "../../src/simulator/index.js"

export interface Rig {
  readonly clock: VirtualClock
  readonly world: World
  /** Lets so much time pass. */
  pass(ms: number): Promise<void>
}

export function rig(options: Partial<WorldOptions> = {}): Rig {
  const clock = new VirtualClock()
  const latency = { requestMs: 100, createMs: 1_000, bootMs: 30_000, stopMs: 10_000 }
  const world = new World({ clock, listLagMs: 0, latency, ...options })
  return { clock, world, pass: (ms) => clock.run(clock.sleep(ms)) }
}

export const POOL = { zone: "sim-1a", instanceType: "m1.large", market: "on-demand" } as const
export const SPOT = { ...POOL, market: "spot" } as const

export function request(max: number, over: Partial<CreateRequest> = {}): CreateRequest {
  return { ...POOL, min: 1, max, tags: { "muster-uid": "u" }, ...over }
}

export function made(creation: Creation): readonly WorldInstance[] {
  if (creation.kind !== "created") throw new Error(`not created but ${creation.kind}`)
  return creation.instances
}

export function create(world: World, max: number, over: Partial<CreateRequest> = {}): readonly WorldInstance[] {
  return made(world.create(request(max, over)))
}

export function ids(instances: readonly { readonly id: string }[]): readonly string[] {
  return instances.map(({ id }) => id)
}
