/** An EC2 on a loopback port, an adapter that talks to it through the real SDK, and the clock both run on. */
import { type AwsImage, type AwsOptions, type AwsProvider, aws } from "../../../providers/aws/index.js"
import {
  type Ec2Wire,
  type Ec2WireOptions,
  ec2World,
  ec2Wire,
  IMAGES,
  subnetOf,
} from "../../../providers/aws/wire/index.js"
import { systemClock } from "../../../src/calls/clock.js"
import type { Calls, Instance, Offer } from "../../../src/provider.js"
import type { WorldOptions } from "../../../src/simulator/index.js"
import { recordExchange } from "./exchanges.js"
import {
  type Cloud as AnyCloud,
  cloudOf,
  closedAfterEach,
  launchAll,
  prepareOf,
  quickWorld,
} from "../../support/cloud.js"
import { definedOf, GROUP, NO_ROOM, OWNER, wishFor } from "../../support/wishes.js"

export { GROUP, NO_ROOM, OWNER, prepareOf, wishFor }

export const ZONE = "us-east-1a"

export type Cloud = AnyCloud<Ec2Wire, AwsProvider>

const closing = closedAfterEach<Ec2Wire>()

export async function ec2(
  options: {
    readonly world?: Partial<WorldOptions>
    readonly aws?: Changes
    readonly wire?: Partial<Ec2WireOptions>
  } = {},
): Promise<Cloud> {
  const { clock, world } = quickWorld(ec2World(), options.world)
  const given = { world, wallClock: systemClock, onExchange: recordExchange, ...options.wire }
  const wire = closing(await ec2Wire(given))
  return cloudOf({ clock, world, wire, provider: aws(optionsFor(wire, options.aws)) })
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

/** Offers, prepare, split, and every launch call at once: what a burst does. */
export async function launchMany(
  cloud: Cloud,
  count: number,
  calls: Calls = cloud.bare(),
): Promise<readonly Instance[]> {
  const offers = await offersOf(cloud)
  const prepared = await prepareOf(cloud)
  return launchAll(cloud, cloud.provider.split(wishFor(offers, count), prepared, NO_ROOM), calls)
}
