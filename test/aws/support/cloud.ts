/** An EC2 on a loopback port, an adapter that talks to it through the real SDK, and the clock both run on. */
import { afterEach } from "vitest"
import { type AwsImage, type AwsOptions, type AwsProvider, aws } from "../../../providers/aws/index.js"
import {
  type Ec2Wire,
  type Ec2WireOptions,
  ec2World,
  ec2Wire,
  IMAGES,
  subnetOf,
} from "../../../providers/aws/wire/index.js"
import { systemClock, VirtualClock } from "../../../src/calls/clock.js"
import { bareCalls, createCalls } from "../../../src/calls/send.js"
import type { Calls, GroupRequest, Instance, Offer, Prepared } from "../../../src/provider.js"
import { World, type WorldOptions } from "../../../src/simulator/index.js"
import { recordExchange } from "./exchanges.js"
import { definedOf, GROUP, NO_ROOM, OWNER, wishFor } from "../../support/wishes.js"

export { GROUP, NO_ROOM, OWNER, wishFor }

export const ZONE = "us-east-1a"

export interface Cloud {
  readonly clock: VirtualClock
  readonly world: World
  readonly wire: Ec2Wire
  readonly provider: AwsProvider
  /** The core's calls: paced, limited in time and retried. */
  readonly calls: (options?: { readonly signal?: AbortSignal }) => Calls
  readonly bare: (options?: { readonly signal?: AbortSignal }) => Calls
  /** Lets virtual time pass until it is settled. */
  readonly run: <T>(promise: Promise<T>) => Promise<T>
}

const open: Ec2Wire[] = []

afterEach(async () => {
  await Promise.all(open.splice(0).map((wire) => wire.close()))
})

/** Quick unless told otherwise: no delays, no lag in lists, so that only what a test is about takes time. */
export async function ec2(
  options: {
    readonly world?: Partial<WorldOptions>
    readonly aws?: Changes
    readonly wire?: Partial<Ec2WireOptions>
  } = {},
): Promise<Cloud> {
  const clock = new VirtualClock({ seed: 7 })
  const quick = { requestMs: 20, createMs: 50, bootMs: 5_000, stopMs: 5_000 }
  const world = new World({ ...ec2World(), clock, listLagMs: 0, latency: quick, ...options.world })
  const wire = await ec2Wire({ world, wallClock: systemClock, onExchange: recordExchange, ...options.wire })
  open.push(wire)
  const provider = aws(optionsFor(wire, options.aws))
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

type Changes = { readonly [K in keyof AwsOptions]?: AwsOptions[K] | undefined }

/** Options for that wire: image and subnet named, unless changed; undefined takes one away. */
export function optionsFor(wire: Ec2Wire, changes: Changes = {}): AwsOptions {
  const options = {
    region: "us-east-1",
    endpoint: wire.url,
    credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
    imageId: IMAGES.x86_64,
    subnetIds: [{ id: subnetOf(ZONE), zone: ZONE }],
    ...changes,
  }
  return definedOf(options) as AwsOptions
}

/** An image with all that a launch needs to know of it. */
export const TOLD = { id: IMAGES.x86_64, arch: "x86_64", devices: ["/dev/xvda"] } as const satisfies AwsImage

export function offersOf(
  cloud: Cloud,
  instanceTypes: readonly string[] = ["m7i.large"],
  calls = cloud.bare(),
): Promise<readonly Offer[]> {
  return cloud.run(cloud.provider.offers({ instanceTypes, markets: ["on-demand"] }, calls))
}

export function prepareOf(cloud: Cloud, group: Partial<GroupRequest> = {}, calls = cloud.bare()): Promise<Prepared> {
  return cloud.run(cloud.provider.prepare(OWNER, { ...GROUP, ...group }, calls))
}

/** Offers, prepare, split, and every launch call at once: what a burst does. */
export async function launchMany(
  cloud: Cloud,
  count: number,
  calls: Calls = cloud.bare(),
): Promise<readonly Instance[]> {
  const offers = await offersOf(cloud)
  const prepared = await prepareOf(cloud)
  const launches = cloud.provider.split(wishFor(offers, count), prepared, NO_ROOM)
  const all = await cloud.run(Promise.all(launches.map((call) => cloud.provider.launch(call, calls))))
  return all.flatMap((launched) => launched.instances)
}
