/** A live walk on Compute Engine, over its wire, with guests that are played. */
import { createHash } from "node:crypto"
import { type GcpOptions, gcp } from "../../../../providers/gcp/index.js"
import { GCE_TYPES, type GceWireOptions, publishHostKeys } from "../../../../providers/gcp/wire/index.js"
import type { WalkOutcome } from "../../../../src/doctor/live/outcome.js"
import type { Provider } from "../../../../src/provider.js"
import type { WorldInstance, WorldOptions } from "../../../../src/simulator/index.js"
import { brokenBy, type LieMode } from "../../../../src/simulator/requests/lies.js"
import { type Cloud, gce, optionsFor, ZONE } from "../../../gcp/support/cloud.js"
import { pacedBy } from "../paced.js"
import { type GuestLie, playGuests, walked, type WalkOptions } from "../support.js"

export const TYPE = "e2-small"
/** USD an hour. */
export const PRICE = { "on-demand": 0.0168, spot: 0.005 } as const
/** USD an hour of a machine's disk and address. */
export const BESIDES = { "on-demand": 1 / 730 + 0.005, spot: 1 / 730 + 0.0025 } as const

const types = GCE_TYPES.map((type) => (type.name === TYPE ? { ...type, price: PRICE } : type))

export interface Scene {
  readonly world?: Partial<WorldOptions>
  readonly wire?: Partial<GceWireOptions>
  readonly gcp?: Partial<GcpOptions>
  readonly lie?: { readonly breaks: string; readonly mode: LieMode }
  /** Lists that are further apart than a burst's; as the adapter has it when left out. */
  readonly everyMs?: number
  readonly zones?: readonly string[]
  readonly walk?: Partial<WalkOptions>
}

export interface Walked {
  readonly cloud: Cloud
  readonly outcome: WalkOutcome
  /** The most machines that there were at one moment, in truth. */
  readonly most: number
}

/** What guests do otherwise than Compute Engine lets guests do: they tell another thing, or nothing. */
export const GUEST_LIES: Readonly<Record<string, string>> = {
  "gcp.startup-script": "user-data",
  "gcp.metadata": "metadata",
  "gcp.notice": "notice",
}

function guestLie(breaks: string, name: string, mode: LieMode): GuestLie {
  const own = `doctor ${name} `
  const tell: GuestLie["tell"] = (lines, { id }, isBroken) => {
    if (mode === "hidden") return lines.filter((line) => !line.startsWith(own))
    return isBroken(id) ? lines.map((line) => (line.startsWith(own) ? `${own}something-else` : line)) : lines
  }
  return { breaks, tell }
}

interface Items {
  readonly metadata?: { readonly items?: readonly { readonly key: string; readonly value: string }[] }
}

export function programOf({ attributes }: WorldInstance): string {
  const { metadata } = attributes.properties as unknown as Items
  return metadata?.items?.find(({ key }) => key === "startup-script")?.value ?? ""
}

/** Its agent has written its host keys before. */
function linesOf(cloud: Cloud, { zone, name = "" }: WorldInstance, program: string): readonly string[] {
  publishHostKeys(cloud.world, `${zone}/${name}`, { "ssh-ed25519": "AAAAC3Nz", "ssh-rsa": "AAAAB3Nz" })
  const digest = createHash("sha256").update(program).digest("hex")
  return [`doctor user-data ${digest}`, `doctor metadata ${name} projects/1/zones/${zone}`, "doctor notice FALSE"]
}

export async function walkOnGce({
  world,
  wire,
  gcp: own = {},
  lie,
  everyMs,
  zones = [ZONE],
  walk = {},
}: Scene): Promise<Walked> {
  const told = lie === undefined ? undefined : GUEST_LIES[lie.breaks]
  const isOfGuest = lie !== undefined && told !== undefined
  const cloud = await gce({
    world: { types, ...world },
    wire: { ...wire, ...(lie === undefined || isOfGuest ? {} : { lie }) },
  })
  const plain = gcp(optionsFor(cloud.wire, { zones, prices: { [TYPE]: PRICE }, ...own }))
  const paced: Provider = {
    ...plain,
    walk: async (tap) => {
      const made = await (plain.walk?.(tap) ?? Promise.reject(new Error("no walk")))
      return { ...made, provider: pacedBy(made.provider, everyMs) }
    },
  }
  const guest = isOfGuest ? { guest: guestLie(lie.breaks, told, lie.mode), isBroken: brokenBy(lie.mode) } : undefined
  let most = 0
  const stop = playGuests({
    ...cloud,
    programOf,
    linesOf: (instance, program) => linesOf(cloud, instance, program),
    ...(guest === undefined ? {} : { lie: guest }),
  })
  const stopCounting = everySecond(cloud, () => {
    most = Math.max(most, cloud.world.truth({}).filter(({ state }) => state !== "terminated").length)
  })
  const outcome = await walked({ ...cloud, provider: paced }, { instanceType: TYPE, ...walk })
  stop()
  stopCounting()
  return { cloud, outcome, most }
}

function everySecond({ clock }: Cloud, look: () => void): () => void {
  let cancel = () => {}
  const tick = () => {
    look()
    cancel = clock.timer(1_000, tick)
  }
  tick()
  return () => cancel()
}
