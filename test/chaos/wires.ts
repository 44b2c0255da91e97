/** Each cloud as a wire on a loopback port over a small world. They live in this process, so they survive every kill. */
import { type AzureWire, AZURE_WORLD, azureWire, VERSION } from "../../providers/azure/wire/index.js"
import { ec2Wire, ec2World, IMAGES } from "../../providers/aws/wire/index.js"
import { gceWire, gceWorld, PROJECT } from "../../providers/gcp/wire/index.js"
import type { JsonObject } from "../../src/provider.js"
import { type SimulateOptions, simulate, type World } from "../../src/simulator/index.js"
import type { CloudName, Place } from "./places.js"

/** Something with tags that is no instance. */
export interface Thing {
  readonly kind: string
  readonly id: string
  readonly tags: Readonly<Record<string, string>>
}

export interface Wire {
  readonly world: World
  readonly place: Place
  /** What of the cluster's spec is this cloud's. */
  readonly spec: JsonObject
  /** Everything there is beside instances. */
  things(): readonly Thing[]
  close(): Promise<void>
}

export type WiredCloud = Exclude<CloudName, "local">

/** Any free port, unless one is given. */
export type WireOptions = SimulateOptions & { readonly port?: number }

type StartWire = (options: WireOptions) => Promise<Wire>

const EC2_REGION = "eu-west-2"
const SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"

const startEc2: StartWire = async ({ port = 0, ...options }) => {
  const { world } = simulate({ ...ec2World(EC2_REGION), ...options })
  const wire = await ec2Wire({ world, port })
  const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "pretended" }
  return {
    world,
    place: {
      cloud: "aws",
      options: { region: EC2_REGION, endpoint: wire.url, credentials, imageId: IMAGES.x86_64 },
    },
    // Several types: a fleet, and with it a template that has to go again.
    spec: { instanceType: ["m7i.large", "c7i.large"] },
    things: () => world.resources.list(),
    close: () => wire.close(),
  }
}

const startGce: StartWire = async ({ port = 0, ...options }) => {
  const { world } = simulate({ ...gceWorld(), ...options })
  const wire = await gceWire({ world, port })
  return {
    world,
    place: { cloud: "gcp", options: { region: world.settings.region, project: PROJECT, apiEndpoint: wire.url } },
    spec: { instanceType: "n2-standard-4" },
    things: () => world.resources.list(),
    close: () => wire.close(),
  }
}

const startArm: StartWire = async ({ port = 0, ...options }) => {
  const { world } = simulate({ ...AZURE_WORLD, ...options })
  const wire: AzureWire = await azureWire({ world, port })
  return {
    world,
    place: {
      cloud: "azure",
      options: {
        subscriptionId: SUBSCRIPTION,
        location: world.settings.region,
        endpoint: wire.url,
        pricesEndpoint: wire.url,
        ca: wire.ca,
        image: `Canonical:ubuntu-24_04-lts:server:${VERSION}`,
      },
    },
    spec: { instanceType: "Standard_D2s_v5", publicAddress: true },
    things: () => wire.remains().filter(({ kind }) => kind !== "vm"),
    close: () => wire.close(),
  }
}

export const WIRES: Readonly<Record<WiredCloud, StartWire>> = { aws: startEc2, gcp: startGce, azure: startArm }
