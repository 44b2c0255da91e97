/** Places where one spec runs: this machine, and the three wires with guests that run, Compute Engine's also with a service account. */
import { spawnSync } from "node:child_process"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { adapterOf } from "../../../providers/azure/adapter.js"
import { parseAzureOptions } from "../../../providers/azure/options-check.js"
import { aws } from "../../../providers/aws/index.js"
import { ec2Wire, ec2World } from "../../../providers/aws/wire/index.js"
import { AZURE_WORLD, azureWire } from "../../../providers/azure/wire/index.js"
import { gcp } from "../../../providers/gcp/index.js"
import { gceWire, gceWorld } from "../../../providers/gcp/wire/index.js"
import { local } from "../../../providers/local/index.js"
import { type Clock, systemClock } from "../../../src/calls/clock.js"
import { acceleratedClock } from "../../../src/calls/derived-clocks.js"
import { textOf } from "../../../src/guest/user-data.js"
import type { Provider } from "../../../src/provider.js"
import { World, type WorldInstance, type WorldOptions } from "../../../src/simulator/index.js"
import { optionsFor as ec2Options } from "../../aws/support/cloud.js"
import { optionsFor as azureOptions } from "../../azure/support/cloud.js"
import { optionsFor as gceOptions } from "../../gcp/support/cloud.js"
import { perProcess } from "../../support/per-process.js"
import { hostGuests, type HostedCloud } from "./host.js"

export const PLACES = ["local", "aws", "gcp", "gcp, itself", "azure"] as const
export type PlaceName = (typeof PLACES)[number]

/** Where a cluster runs, with what only its cloud can do to it. */
export interface Place {
  readonly provider: Provider
  readonly clock: Clock
  /** How many of the place's seconds pass in a true one. */
  readonly speed: number
  readonly instanceType: string
  readonly market: "on-demand" | "spot"
  /** Undefined on this machine. */
  readonly world?: World
  /** Takes an instance away, with notice. */
  interrupt(id: string): Promise<void>
  close(): Promise<void>
}

/** Half a minute of a wire's time is less than three seconds: on a busy machine a request may still take as long as the adapter waits. */
const MOST_SPEED = 12
/** On a machine that is slower than that, time there goes more slowly as well, but no more slowly than this. */
const LEAST_SPEED = 3
/** What forty programs one after the other may take, in milliseconds, where time goes fastest. */
const QUICK_MS = 60
const PROGRAMS = "i=0; while [ $i -lt 40 ]; do /bin/true; i=$((i + 1)); done"

/** By what this machine needs now for what guests do most: to start programs. */
export const speedHere = perProcess("the speed of worlds with guests", () => {
  const begun = performance.now()
  spawnSync("/bin/sh", ["-c", PROGRAMS])
  const speed = Math.floor((MOST_SPEED * QUICK_MS) / (performance.now() - begun))
  return Math.max(LEAST_SPEED, Math.min(MOST_SPEED, speed))
})

/** Ten seconds of true time and more: a shell on a busy machine needs a part of them. */
const NOTICE_MS = 120_000

/** With them an instance tags and deletes itself. */
const ACCOUNT = "worker@muster-test.iam.gserviceaccount.com"
const IDENTITY =
  "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/ids/providers/Microsoft.ManagedIdentity/userAssignedIdentities/worker"

/** What is another way than it mostly is. */
export interface PlaceOptions {
  readonly addresses?: WorldOptions["addresses"]
  readonly beside?: HostedCloud["beside"]
}

function worldLike(options: Omit<WorldOptions, "clock">, { addresses }: PlaceOptions): World {
  const latency = { requestMs: 20, createMs: 50, bootMs: 2_000, stopMs: 2_000 }
  const clock = acceleratedClock(systemClock, speedHere())
  const own = addresses === undefined ? {} : { addresses }
  return new World({ ...options, clock, listLagMs: 0, latency, buckets: {}, ...own })
}

type Wired = Pick<Place, "provider" | "instanceType"> & HostedCloud & { readonly close: () => Promise<void> }

function placeOn({ beside }: PlaceOptions, { provider, instanceType, close, ...cloud }: Wired): Place {
  const { world } = cloud
  const host = hostGuests({ ...cloud, ...(beside === undefined ? {} : { beside }) }, speedHere())
  const idOf = (id: string) => world.truth().find((one) => one.id === id || id.endsWith(`/${one.name}`))?.id ?? ""
  return {
    provider: beside === undefined ? reachedHere(provider, (id) => host.rootOf(idOf(id))) : provider,
    world,
    clock: world.clock,
    speed: speedHere(),
    instanceType,
    market: "spot",
    interrupt: (id) => {
      world.faults.interrupt([idOf(id)], { noticeMs: NOTICE_MS })
      return Promise.resolve()
    },
    close: async () => {
      await host.stop()
      await close()
    },
  }
}

/** Where nothing listens for ssh, a guest's machine, which is a folder here, is reached as this machine's workers are. */
function reachedHere(provider: Provider, rootOf: (id: string) => string | undefined): Provider {
  const route: Provider["route"] = ({ id }) => {
    const root = rootOf(id)
    if (root === undefined) return undefined
    const log = join(root, "var/lib/muster/boot.log")
    return { kind: "local", words: ["/usr/bin/env"], address: "127.0.0.1", log }
  }
  return { ...provider, route }
}

async function awsPlace(options: PlaceOptions): Promise<Place> {
  const world = worldLike(ec2World(), options)
  const wire = await ec2Wire({ world, wallClock: systemClock })
  const metadata = await wire.metadata()
  return placeOn(options, {
    world,
    provider: aws(ec2Options(wire)),
    instanceType: "m7i.large",
    programOf: ({ attributes }) => decoded((attributes.request as { UserData?: string }).UserData),
    environmentOf: async ({ id }) => ({ MUSTER_METADATA_URL: metadata.url(id) }),
    close: () => wire.close(),
  })
}

interface Items {
  readonly metadata?: { readonly items?: readonly { readonly key: string; readonly value: string }[] }
}

async function gcpPlace(options: PlaceOptions, serviceAccount?: string): Promise<Place> {
  const world = worldLike(gceWorld(), options)
  const wire = await gceWire({ world, operationMs: 2_000 })
  const metadata = await wire.metadata()
  const startup = ({ attributes }: WorldInstance) =>
    (attributes.properties as unknown as Items).metadata?.items?.find(({ key }) => key === "startup-script")?.value
  return placeOn(options, {
    world,
    provider: gcp(gceOptions(wire, { serviceAccount })),
    instanceType: "n2-standard-4",
    hasSystemd: true,
    noticeIsShutdown: true,
    programOf: (instance) => startup(instance) ?? "",
    environmentOf: async ({ id }) => ({ MUSTER_METADATA_URL: metadata.url(id), MUSTER_COMPUTE_URL: wire.url }),
    close: () => wire.close(),
  })
}

async function azurePlace(options: PlaceOptions): Promise<Place> {
  const world = worldLike(AZURE_WORLD, options)
  const wire = await azureWire({ world })
  wire.quirks.eventsActivationMs = 0
  const metadata = await wire.metadata()
  const folder = await mkdtemp(join(tmpdir(), "muster-trusted-"))
  await writeFile(join(folder, "ca.pem"), wire.ca)
  return placeOn(options, {
    world,
    provider: adapterOf(parseAzureOptions(azureOptions(wire, { identity: IDENTITY }))),
    instanceType: "Standard_D2s_v5",
    programOf: ({ attributes }) => decoded(attributes.customData as string | undefined),
    environmentOf: async ({ id }) => ({
      MUSTER_METADATA_URL: metadata.url(id),
      MUSTER_ARM_URL: wire.url,
      MUSTER_SPREAD: "1",
      CURL_CA_BUNDLE: join(folder, "ca.pem"),
    }),
    close: async () => {
      await wire.close()
      await rm(folder, { recursive: true, force: true })
    },
  })
}

/** As cloud-init reads it: what is too large is compressed. */
const decoded = (base64 = "") => textOf(Buffer.from(base64, "base64"))

/** On true time. What takes an instance away here is a signal to its supervisor: the machine shuts down. */
async function localPlace(): Promise<Place> {
  const root = await mkdtemp(join(tmpdir(), "muster-local-"))
  return {
    provider: local({ root, graceMs: 1000 }),
    clock: systemClock,
    speed: 1,
    instanceType: "local-1",
    market: "on-demand",
    interrupt: async (id) => {
      const pid = Number.parseInt(await readFile(join(root, "instances", id, "supervisor"), "utf8"), 10)
      if (pid > 1) process.kill(pid, "SIGTERM")
    },
    close: () => rm(root, { recursive: true, force: true, maxRetries: 5 }),
  }
}

/** @param options are of the wires' worlds and machines. */
export function placeOf(name: PlaceName, options: PlaceOptions = {}): Promise<Place> {
  switch (name) {
    case "local":
      return localPlace()
    case "aws":
      return awsPlace(options)
    case "gcp":
      return gcpPlace(options)
    case "gcp, itself":
      return gcpPlace(options, ACCOUNT)
    case "azure":
      return azurePlace(options)
  }
}
