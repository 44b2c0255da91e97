/** An Azure on a loopback port, an adapter that talks to it through the real SDK, and the clock both run on. */
import { adapterOf } from "../../../providers/azure/adapter.js"
import type { AzureOptions } from "../../../providers/azure/index.js"
import { parseAzureOptions } from "../../../providers/azure/options-check.js"
import { AZURE_WORLD, type AzureWire, azureWire, type Exchange } from "../../../providers/azure/wire/index.js"
import type { GroupRequest, Instance, LaunchCall, Offer, Provider } from "../../../src/provider.js"
import type { WorldOptions } from "../../../src/simulator/index.js"
import {
  type Cloud as AnyCloud,
  cloudOf,
  closedAfterEach,
  launchAll,
  prepareOf,
  quickWorld,
} from "../../support/cloud.js"
import { definedOf, GROUP, NO_ROOM, OWNER, wishFor } from "../../support/wishes.js"
import { recordExchange } from "./exchanges.js"

export { GROUP, NO_ROOM, OWNER, prepareOf, wishFor }

export const SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"

export type Cloud = AnyCloud<AzureWire>

const closing = closedAfterEach<AzureWire>()

type Changes = { readonly [K in keyof AzureOptions]?: AzureOptions[K] | undefined }

export interface CloudOptions {
  readonly world?: Partial<WorldOptions>
  readonly azure?: Changes
  /** The SDK's name: another version under an alias. */
  readonly sdk?: string
  readonly onExchange?: (exchange: Exchange) => void
}

export async function azureCloud(options: CloudOptions = {}): Promise<Cloud> {
  const { clock, world } = quickWorld(AZURE_WORLD, options.world)
  const onExchange = (exchange: Exchange) => {
    recordExchange(exchange)
    options.onExchange?.(exchange)
  }
  const wire = closing(await azureWire({ world, onExchange }))
  const provider = adapterOf(parseAzureOptions(optionsFor(wire, options.azure)), options.sdk)
  return cloudOf({ clock, world, wire, provider })
}

/** A login that always works. */
export const CREDENTIAL = {
  getToken: () => Promise.resolve({ token: "token", expiresOnTimestamp: Number.MAX_SAFE_INTEGER }),
}

export function optionsFor(wire: AzureWire, changes: Changes = {}): AzureOptions {
  const options = {
    subscriptionId: SUBSCRIPTION,
    location: wire.world.settings.region,
    endpoint: wire.url,
    pricesEndpoint: wire.url,
    ca: wire.ca,
    credential: CREDENTIAL,
    ...changes,
  }
  return definedOf(options) as AzureOptions
}

export function offersOf(
  cloud: Cloud,
  query: Partial<Parameters<Provider["offers"]>[0]> = {},
): Promise<readonly Offer[]> {
  const asked = { instanceTypes: ["Standard_D2s_v5"], markets: ["on-demand"] as const, ...query }
  return cloud.run(cloud.provider.offers(asked, cloud.bare()))
}

/** Offers, prepare, split: what a burst sends. */
export async function planMany(
  cloud: Cloud,
  count: number,
  query: Parameters<typeof offersOf>[1] = {},
  group: Partial<GroupRequest> = {},
): Promise<readonly LaunchCall[]> {
  const offers = await offersOf(cloud, query)
  const prepared = await prepareOf(cloud, { archs: [...new Set(offers.map(({ arch }) => arch))], ...group })
  return cloud.provider.split(wishFor(offers, count), prepared, NO_ROOM)
}

/** Offers, prepare, split, and every launch call at once: what a burst does. */
export async function launchMany(cloud: Cloud, count: number, calls = cloud.bare()): Promise<readonly Instance[]> {
  return launchAll(cloud, await planMany(cloud, count), calls)
}
