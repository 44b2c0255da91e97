/** What a walk asks before it makes anything: requests that are refused, and things that are not there. */
import type { VirtualMachine } from "@azure/arm-compute"
import { merge } from "../../../src/input/merge.js"
import type { Exchange, JsonObject, WalkStage } from "../../../src/provider.js"
import type { Azure } from "../client/send.js"
import { rowOf } from "../client/codes.js"
import type { VmPlace } from "../client/ids.js"
import type { VmBody } from "../launch/bodies.js"
import { split } from "../launch/split.js"
import { readVm } from "../observe/vms.js"
import { claimTags, putMark } from "../prepare/claim.js"
import { readGroup } from "../prepare/group.js"
import { merged } from "../prepare/tags.js"
import { codeOf, isDone, lastReading, type Reading, textAt, wordsOf } from "./reading.js"

const TRIES = [1, 2, 3] as const

interface Refused {
  readonly assumption: string
  /** The same with what no VM can be made with, another thing at each try. */
  readonly spoilt: (vm: JsonObject, number: number) => JsonObject
  readonly codes: readonly string[]
}

/** The code of a refusal decides what is tried instead (see `codes.ts`). */
const REFUSED: readonly Refused[] = [
  {
    assumption: "azure.image-not-known",
    spoilt: (vm, number) => {
      const imageReference = {
        publisher: "Canonical",
        offer: "ubuntu-24_04-lts",
        sku: "server",
        version: `0.0.${number}`,
      }
      return { ...vm, storageProfile: { ...(vm.storageProfile as JsonObject), imageReference } }
    },
    codes: ["PlatformImageNotFound", "ImageNotFound"],
  },
  {
    assumption: "azure.size-not-known",
    spoilt: (vm, number) => merge(vm, { hardwareProfile: { vmSize: `Standard_Doctor${number}_v0` } }),
    codes: ["InvalidParameter"],
  },
  {
    assumption: "azure.location-not-known",
    spoilt: (vm, number) => ({ ...vm, location: `doctorland${number}` }),
    codes: ["LocationNotAvailableForResourceType"],
  },
]

/** In the generation's own group, which is there, and empty. */
export async function lookAtRefusals(azure: Azure, stage: WalkStage): Promise<void> {
  for (const number of TRIES) {
    const body = bodyFor(stage, number)
    if (body !== undefined) for (const one of REFUSED) await tryRefused(azure, stage, body, one, number)
    if (body !== undefined)
      await lookAtNone(azure, stage, { group: body.group, name: `${body.name.slice(0, 40)}-none${number}` })
    const none = `doctor-none-${stage.owner.uid}-${number}`
    await stage.watch((calls) => readGroup(azure, none, calls))
  }
  if (azure.options.resourceGroup === undefined) await replayClaim(azure, stage)
}

/** What a launch would send, under names of its own. */
function bodyFor({ owner, group, prepared, offers }: WalkStage, number: number): VmBody | undefined {
  const [best] = offers
  if (best === undefined) return undefined
  const { market, arch } = best
  const wish = { id: `refused-${number}`, uid: owner.uid, group: group.name, count: 1, offers: [best], market, arch }
  return split({ ...wish, spread: "one-zone" }, prepared)[0]?.body as VmBody | undefined
}

async function tryRefused(
  azure: Azure,
  stage: WalkStage,
  body: VmBody,
  { assumption, spoilt, codes }: Refused,
  number: number,
): Promise<void> {
  const place = { group: body.group, name: `${body.name.slice(0, 40)}-${assumption.slice(6, 9)}${number}` }
  const { plan: _plan, ...vm } = spoilt(body.vm, number)
  const exchanges = await sendVm(azure, stage, place, vm)
  const reading = lastReading(exchanges, "VirtualMachines_CreateOrUpdate")
  if (reading === undefined) return
  // It was made against all that is known: it must not stay.
  if (isDone(reading)) await removeVm(azure, stage, place)
  if (isAboutElse(reading)) return
  stage.saw(assumption, !isDone(reading) && codes.includes(codeOf(reading)), `answered with ${wordsOf(reading)}`, [
    reading.exchange,
  ])
}

/** For want of room, capacity or a right a request may be refused before it is looked at closely. */
function isAboutElse(reading: Reading): boolean {
  const message = textAt(reading.body, "error", "message") ?? ""
  const verdict = rowOf(codeOf(reading), message, reading.status)?.verdict
  return verdict !== undefined && ["quota", "capacity", "throttled", "auth"].includes(verdict)
}

/** The request of a launch, as a launch sends it: a VM that is there already is not made again. */
export async function sendVm(
  azure: Azure,
  stage: WalkStage,
  place: VmPlace,
  vm: JsonObject,
): Promise<readonly Exchange[]> {
  const info = { what: `trying ${place.name}`, accepts: [409, 412] }
  const { exchanges } = await stage.watch((calls) =>
    azure.send(calls, "VirtualMachines_CreateOrUpdate", info, (connection, signal) =>
      connection.putVm(place, vm as unknown as VirtualMachine, signal),
    ),
  )
  return exchanges
}

export async function removeVm(azure: Azure, stage: WalkStage, place: VmPlace): Promise<readonly Exchange[]> {
  const info = { what: `deleting ${place.name}`, accepts: [404] }
  const { exchanges } = await stage.watch((calls) =>
    azure.send(calls, "VirtualMachines_Delete", info, (connection, signal) => connection.deleteVm(place, true, signal)),
  )
  return exchanges
}

/**
 * A VM that is not there is read, and deleted.
 *
 * @returns false where it is there after all.
 */
export async function lookAtNone(azure: Azure, stage: WalkStage, place: VmPlace): Promise<boolean> {
  const { exchanges } = await stage.watch((calls) => readVm(azure, place, calls))
  const read = lastReading(exchanges, "VirtualMachines_Get")
  if (read === undefined) return true
  if (isDone(read)) return false
  // Somebody has deleted the group meanwhile.
  if (codeOf(read) === "ResourceGroupNotFound") return true
  const isNone = read.status === 404 && ["ResourceNotFound", "NotFound"].includes(codeOf(read))
  stage.saw("azure.read-of-none", isNone, `answered with ${wordsOf(read)}`, [read.exchange])
  const deleted = lastReading(await removeVm(azure, stage, place), "VirtualMachines_Delete")
  if (deleted !== undefined)
    stage.saw("azure.delete-of-none", deleted.status === 204, `answered with ${wordsOf(deleted)}`, [deleted.exchange])
  return true
}

/** Who has claimed the generation claims it again: by this answer another process would learn that it comes too late. */
async function replayClaim(azure: Azure, stage: WalkStage): Promise<void> {
  const { owner, prepared } = stage
  const { group } = prepared.body as { readonly group: string }
  const tags = merged(azure.options.tags ?? {}, claimTags(owner))
  for (const _ of TRIES) {
    const { exchanges } = await stage.watch((calls) => putMark(azure, group, tags, calls))
    const reading = lastReading(exchanges, "VirtualMachineScaleSets_CreateOrUpdate")
    if (reading === undefined) continue
    const isHeld = [409, 412].includes(reading.status)
    stage.saw("azure.claim-once", isHeld, `made again: ${wordsOf(reading)}`, [reading.exchange])
  }
}
