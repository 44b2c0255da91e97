/** A Compute Engine on a loopback port, an adapter that talks to it through the real client, and the clock both run on. */
import { afterEach, expect } from "vitest"
import { type GcpOptions, gcp } from "../../../providers/gcp/index.js"
import { type GceWire, type GceWireOptions, gceWire, gceWorld, PROJECT } from "../../../providers/gcp/wire/index.js"
import { VirtualClock } from "../../../src/calls/clock.js"
import { bareCalls, createCalls } from "../../../src/calls/send.js"
import type {
  Calls,
  GroupRequest,
  Instance,
  LaunchCall,
  Launched,
  Offer,
  Prepared,
  Provider,
  Wish,
} from "../../../src/provider.js"
import { World, type WorldOptions } from "../../../src/simulator/index.js"
import { recordExchange } from "./exchanges.js"
import { definedOf, GROUP, NO_ROOM, OWNER, wishFor } from "../../support/wishes.js"

export { GROUP, NO_ROOM, OWNER, wishFor }

export const REGION = "us-central1"
export const ZONE = "us-central1-a"
export const TYPE = "n2-standard-4"

export interface Cloud {
  readonly clock: VirtualClock
  readonly world: World
  readonly wire: GceWire
  readonly provider: Provider
  /** The core's calls: paced, limited in time and retried. */
  readonly calls: (options?: { readonly signal?: AbortSignal }) => Calls
  readonly bare: (options?: { readonly signal?: AbortSignal }) => Calls
  /** Lets virtual time pass until it is settled. */
  readonly run: <T>(promise: Promise<T>) => Promise<T>
}

const open: GceWire[] = []

afterEach(async () => {
  const wires = open.splice(0)
  await Promise.all(wires.map((wire) => wire.close()))
  expect(wires.flatMap((wire) => wire.mistakes)).toEqual([])
})

type Changes = { readonly [K in keyof GcpOptions]?: GcpOptions[K] | undefined }

/** Quick unless told otherwise: no delays, no lag in lists, so that only what a test is about takes time. */
export async function gce(
  options: {
    readonly world?: Partial<WorldOptions>
    readonly gcp?: Changes
    readonly wire?: Partial<GceWireOptions>
  } = {},
): Promise<Cloud> {
  const clock = new VirtualClock({ seed: 7 })
  const quick = { requestMs: 20, createMs: 50, bootMs: 5_000, stopMs: 5_000 }
  const world = new World({ ...gceWorld(), clock, listLagMs: 0, latency: quick, ...options.world })
  const wire = await gceWire({ world, operationMs: 2_000, onExchange: recordExchange, ...options.wire })
  open.push(wire)
  const provider = gcp(optionsFor(wire, options.gcp))
  const signalOf = (given?: { readonly signal?: AbortSignal }) => given?.signal ?? new AbortController().signal
  return {
    clock,
    world,
    wire,
    provider,
    calls: (given) => createCalls({ clock, limits: provider.limits, signal: signalOf(given) }),
    bare: (given) => bareCalls({ clock, signal: signalOf(given) }),
    run: (promise) => clock.run(promise),
  }
}

/** Options for that wire, unless changed; undefined takes one away. */
export function optionsFor(wire: GceWire, changes: Changes = {}): GcpOptions {
  const options = { region: REGION, project: PROJECT, apiEndpoint: wire.url, ...changes }
  return definedOf(options) as GcpOptions
}

export function offersOf(
  cloud: Cloud,
  instanceTypes: readonly string[] = [TYPE],
  calls = cloud.bare(),
): Promise<readonly Offer[]> {
  return cloud.run(cloud.provider.offers({ instanceTypes, markets: ["on-demand"] }, calls))
}

export function prepareOf(cloud: Cloud, group: Partial<GroupRequest> = {}, calls = cloud.bare()): Promise<Prepared> {
  return cloud.run(cloud.provider.prepare(OWNER, { ...GROUP, ...group }, calls))
}

/** Offers, prepare and split: the launch calls for so many. */
export async function callsFor(
  cloud: Cloud,
  count: number,
  rest: Partial<Wish> = {},
  types?: readonly string[],
): Promise<readonly LaunchCall[]> {
  const offers = await offersOf(cloud, types)
  const prepared = await prepareOf(cloud, { archs: [...new Set(offers.map(({ arch }) => arch))] })
  return cloud.provider.split(wishFor(offers, count, rest), prepared, NO_ROOM)
}

/** Sends one call and looks at it until it is settled. */
export async function launchOne(cloud: Cloud, call: LaunchCall, calls: Calls = cloud.bare()): Promise<Launched> {
  let launched = await cloud.run(cloud.provider.launch(call, calls))
  while (!launched.settled) {
    await cloud.run(cloud.clock.sleep(1_000))
    launched = await cloud.run(cloud.provider.settle(call, launched.ref ?? null, calls))
  }
  return launched
}

/** Offers, prepare, split, and every launch call at once: what a burst does. */
export async function launchMany(
  cloud: Cloud,
  count: number,
  calls: Calls = cloud.bare(),
): Promise<readonly Instance[]> {
  const launches = await callsFor(cloud, count)
  const all = []
  for (const call of launches) all.push(await launchOne(cloud, call, calls))
  return all.flatMap((launched) => launched.instances)
}
