/** A walk over Azure's wire: through the real SDK, with guests that are played, and what its cloud or its guests do otherwise. */
import { expect } from "vitest"
import { adapterOf } from "../../../../providers/azure/adapter.js"
import type { AzureOptions } from "../../../../providers/azure/index.js"
import { parseAzureOptions } from "../../../../providers/azure/options-check.js"
import {
  AZURE_WORLD,
  type AzureWire,
  type AzureWireOptions,
  azureWire,
  type ScriptedAnswer,
} from "../../../../providers/azure/wire/index.js"
import type { WalkOutcome } from "../../../../src/doctor/live/outcome.js"
import type { Provider } from "../../../../src/provider.js"
import { textOf } from "../../../../src/guest/user-data.js"
import type { WorldInstance, WorldOptions } from "../../../../src/simulator/index.js"
import { brokenBy, type LieMode } from "../../../../src/simulator/requests/lies.js"
import { optionsFor, SUBSCRIPTION } from "../../../azure/support/cloud.js"
import { type Cloud, closedAfterEach, cloudOf, quickWorld } from "../../../support/cloud.js"
import { type GuestLie, playGuests, type WalkOptions, walked } from "../support.js"

const closing = closedAfterEach<AzureWire>()

export const SMALLEST = "Standard_D2s_v5"

export const IDENTITY = `/subscriptions/${SUBSCRIPTION}/resourceGroups/ids/providers/Microsoft.ManagedIdentity/userAssignedIdentities/worker`

export interface WalkCloudOptions {
  readonly world?: Partial<WorldOptions>
  readonly azure?: { readonly [K in keyof AzureOptions]?: AzureOptions[K] | undefined }
  /** What is done before the walk. */
  readonly before?: (cloud: Cloud<AzureWire>) => Promise<unknown>
  readonly wire?: Omit<AzureWireOptions, "world">
  /** How often the walk looks, in milliseconds; as often as on any Azure when left out. */
  readonly lookEveryMs?: number
  /** What it says instead of what it would have said. */
  readonly answers?: readonly ScriptedAnswer[]
  readonly guest?: { readonly lie: GuestLie; readonly mode: LieMode }
}

/** What a guest finds on Azure, as its startup writes it (see `providers/azure/live/startup.ts`). */
function linesOf({ attributes, name }: WorldInstance, program: string): readonly string[] {
  const [, deadline = ""] = /MUSTER_DEADLINE=["']?(\d+)/.exec(program) ?? []
  const id = `/subscriptions/${SUBSCRIPTION}/resourceGroups/${String(attributes.group)}/providers/Microsoft.Compute/virtualMachines/${name}`
  return [`doctor user-data ${deadline}`, `doctor metadata 200 ${id}`, "doctor notice 200 events"]
}

/** As cloud-init reads it: what is too large is compressed. */
export function programOf({ attributes }: WorldInstance): string {
  return textOf(Buffer.from(String(attributes.customData ?? ""), "base64"))
}

const HOST_KEYS = [
  "-----BEGIN SSH HOST KEY KEYS-----",
  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEZyb20gYSB0ZXN0OyBub2JvZHkgaGFzIGl0cyBoYWxm root@worker",
  "-----END SSH HOST KEY KEYS-----",
]

export async function walkCloud({
  world: changes = {},
  azure = {},
  wire: given = {},
  answers = [],
  guest,
  lookEveryMs,
}: WalkCloudOptions = {}) {
  const { clock, world } = quickWorld(AZURE_WORLD, changes)
  const wire = closing(await azureWire({ world, ...given }))
  for (const answer of answers) wire.answer(answer)
  const provider = adapterOf(parseAzureOptions(optionsFor(wire, { identity: IDENTITY, ...azure })))
  const cloud = cloudOf({
    clock,
    world,
    wire,
    provider: lookEveryMs === undefined ? provider : calmer(provider, lookEveryMs),
  })
  const stop = playGuests({
    world,
    clock,
    programOf,
    linesOf,
    systemSays: () => HOST_KEYS,
    // By its identity, through Resource Manager.
    ...(azure.identity === undefined && "identity" in azure ? {} : { ends: ({ id }) => void world.terminate([id]) }),
    ...(guest === undefined ? {} : { lie: { guest: guest.lie, isBroken: brokenBy(guest.mode) } }),
  })
  return { ...cloud, stop }
}

/** With fewer looks a walk takes less of this machine, and sees the same. */
function calmer(provider: Provider, everyMs: number): Provider {
  const walk: Provider["walk"] = async (tap) => {
    const own = await (provider.walk?.(tap) ?? Promise.reject(new Error("no walk")))
    return {
      ...own,
      provider: { ...own.provider, limits: { ...own.provider.limits, look: { firstMs: everyMs, everyMs } } },
    }
  }
  return { ...provider, walk }
}

export interface Played {
  readonly cloud: Cloud<AzureWire>
  readonly outcome: WalkOutcome
  /** How many machines there were at once, by the world's truth. */
  readonly most: number
}

export async function playWalk(options: WalkCloudOptions = {}, walk: Partial<WalkOptions> = {}): Promise<Played> {
  const cloud = await walkCloud(options)
  await options.before?.(cloud)
  let most = 0
  let cancel = () => {}
  const count = () => {
    most = Math.max(most, cloud.world.truth({ states: ["pending", "running", "stopped"] }).length)
    cancel = cloud.clock.timer(500, count)
  }
  count()
  const outcome = await walked(cloud, { instanceType: SMALLEST, ...walk })
  cancel()
  return { cloud, outcome, most }
}

/** Azure completes the deletion of a group after it has accepted it. */
const GROUPS_GONE_MS = 60_000

/** Neither machines nor their parts nor the walk's groups: only what clusters share. */
export async function expectCleanSubscription({ cloud: { clock, run, world, wire } }: Played): Promise<void> {
  await run(clock.sleep(GROUPS_GONE_MS))
  const alive = world.truth({}).filter(({ state }) => state !== "terminated")
  expect(alive.map(({ id, state }) => `${id} ${state}`)).toEqual([])
  const shared = wire.remains().filter(({ tags }) => tags["muster-shared"] === undefined)
  expect(shared.map(({ kind, id }) => `${kind} ${id}`)).toEqual([])
}
