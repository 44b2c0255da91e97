/** An Azure on a loopback port, an adapter that talks to it through the real SDK, and the clock both run on. */
import { afterEach } from "vitest"
import { adapterOf } from "../../../providers/azure/adapter.js"
import type { AzureOptions } from "../../../providers/azure/index.js"
import { parseAzureOptions } from "../../../providers/azure/options-check.js"
import { AZURE_WORLD, type AzureWire, azureWire, type Exchange } from "../../../providers/azure/wire/index.js"
import { VirtualClock } from "../../../src/calls/clock.js"
import { bareCalls, createCalls } from "../../../src/calls/send.js"
import type { Calls, GroupRequest, Instance, LaunchCall, Offer, Prepared, Provider } from "../../../src/provider.js"
import { World, type WorldOptions } from "../../../src/simulator/index.js"
import { definedOf, GROUP, NO_ROOM, OWNER, wishFor } from "../../support/wishes.js"
import { recordExchange } from "./exchanges.js"

export { GROUP, NO_ROOM, OWNER, wishFor }

export const SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"

export interface Cloud {
  readonly clock: VirtualClock
  readonly world: World
  readonly wire: AzureWire
  readonly provider: Provider
  /** The core's calls: paced, limited in time and retried. */
  readonly calls: (options?: { readonly signal?: AbortSignal; readonly readOnly?: boolean }) => Calls
  readonly bare: (options?: { readonly signal?: AbortSignal; readonly readOnly?: boolean }) => Calls
  /** Lets virtual time pass until it is settled. */
  readonly run: <T>(promise: Promise<T>) => Promise<T>
}

const open: AzureWire[] = []

afterEach(async () => {
  await Promise.all(open.splice(0).map((wire) => wire.close()))
})

type Changes = { readonly [K in keyof AzureOptions]?: AzureOptions[K] | undefined }

export interface CloudOptions {
  readonly world?: Partial<WorldOptions>
  readonly azure?: Changes
  /** The SDK's name: another version under an alias. */
  readonly sdk?: string
  readonly onExchange?: (exchange: Exchange) => void
}

/** Quick unless told otherwise: no delays, no lag in lists, so that only what a test is about takes time. */
export async function azureCloud(options: CloudOptions = {}): Promise<Cloud> {
  const clock = new VirtualClock({ seed: 7 })
  const quick = { requestMs: 20, createMs: 50, bootMs: 5_000, stopMs: 5_000 }
  const world = new World({ ...AZURE_WORLD, clock, listLagMs: 0, latency: quick, ...options.world })
  const onExchange = (exchange: Exchange) => {
    recordExchange(exchange)
    options.onExchange?.(exchange)
  }
  const wire = await azureWire({ world, onExchange })
  open.push(wire)
  const provider = adapterOf(parseAzureOptions(optionsFor(wire, options.azure)), options.sdk)
  const signalOf = (given?: { readonly signal?: AbortSignal }) => given?.signal ?? new AbortController().signal
  return {
    clock,
    world,
    wire,
    provider,
    calls: (given) => createCalls({ clock, limits: provider.limits, ...given, signal: signalOf(given) }),
    bare: (given) => bareCalls({ clock, ...given, signal: signalOf(given) }),
    run: (promise) => clock.run(promise),
  }
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

export function prepareOf(
  cloud: Cloud,
  group: Partial<GroupRequest> = {},
  calls = cloud.bare(),
  owner = OWNER,
): Promise<Prepared> {
  return cloud.run(cloud.provider.prepare(owner, { ...GROUP, ...group }, calls))
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

/** All launch calls at once. */
export async function launchMany(cloud: Cloud, count: number, calls = cloud.bare()): Promise<readonly Instance[]> {
  const launches = await planMany(cloud, count)
  const all = await cloud.run(Promise.all(launches.map((call) => cloud.provider.launch(call, calls))))
  return all.flatMap((launched) => launched.instances)
}
