/** A Compute Engine on a loopback port, an adapter that talks to it through the real client, and the clock both run on. */
import { expect } from "vitest"
import { type GcpOptions, gcp } from "../../../providers/gcp/index.js"
import { type GceWire, type GceWireOptions, gceWire, gceWorld, PROJECT } from "../../../providers/gcp/wire/index.js"
import type { Calls, Instance, LaunchCall, Launched, Offer, Wish } from "../../../src/provider.js"
import type { WorldOptions } from "../../../src/simulator/index.js"
import { recordExchange } from "./exchanges.js"
import { type Cloud as AnyCloud, cloudOf, closedAfterEach, prepareOf, quickWorld } from "../../support/cloud.js"
import { definedOf, GROUP, NO_ROOM, OWNER, wishFor } from "../../support/wishes.js"

export { GROUP, NO_ROOM, OWNER, prepareOf, wishFor }

export const REGION = "us-central1"
export const ZONE = "us-central1-a"
export const TYPE = "n2-standard-4"

export type Cloud = AnyCloud<GceWire>

const closing = closedAfterEach<GceWire>((wires) => expect(wires.flatMap(({ mistakes }) => mistakes)).toEqual([]))

type Changes = { readonly [K in keyof GcpOptions]?: GcpOptions[K] | undefined }

export async function gce(
  options: {
    readonly world?: Partial<WorldOptions>
    readonly gcp?: Changes
    readonly wire?: Partial<GceWireOptions>
  } = {},
): Promise<Cloud> {
  const { clock, world } = quickWorld(gceWorld(), options.world)
  const given = { world, operationMs: 2_000, onExchange: recordExchange, ...options.wire } as const
  const wire = closing(await gceWire(given))
  return cloudOf({ clock, world, wire, provider: gcp(optionsFor(wire, options.gcp)) })
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
