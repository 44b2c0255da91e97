import { createHash } from "node:crypto"
import { SpecError, type SpecProblem } from "../../../src/errors.js"
import { merge } from "../../../src/input/merge.js"
import type { Calls, GroupRequest, JsonObject, Owner, Prepared } from "../../../src/provider.js"
import { isForbidden } from "../client/errors.js"
import type { Azure } from "../client/send.js"
import { cloudOf } from "../clouds.js"
import { CUSTOM_DATA_BYTES } from "../limits.js"
import { bootDisks } from "../offers/boot-disks.js"
import { pricesEndpoint } from "../offers/prices.js"
import type { AzureOptions } from "../options.js"
import type { Blueprint } from "./blueprint.js"
import { claimOwner } from "./claim-name.js"
import type { Claimed } from "./claim.js"
import { readGroup } from "./group.js"
import { isCloudConfig } from "../../../src/guest/text.js"
import { archiveOf, fitted } from "../../../src/guest/user-data.js"
import { type GuestPlace, guestScript, placeOf } from "./guest.js"
import { imagesOf } from "./images.js"
import { generationGroup } from "./names.js"
import { networkOf } from "./network.js"
import { registryProblems } from "./registry.js"
import { containerNotes } from "../../../src/guest/image.js"
import { missingFrom } from "./overrides.js"
import { merged } from "./tags.js"
import { cloudConfigProblems } from "../../../src/tables/cloud-config.js"
import { groupTagProblems } from "../../../src/tables/tag-rules.js"
import { TAG_RULES } from "../tag-rules.js"

const NO_WATCHDOG =
  "Azure bills instances that power themselves off: without the option identity only this process or a sweep ends them at the deadline"

/**
 * Claims the generation's group, finds or makes the network, and pins image, tags and custom data of one group.
 *
 * @throws SpecError with all that Azure would refuse of the request. OwnershipError when another process owns the generation.
 * TimeoutError when the network does not become ready, or the caller gives up before it does.
 */
export async function prepare(azure: Azure, owner: Owner, group: GroupRequest, calls: Calls): Promise<Prepared> {
  calls.signal.throwIfAborted()
  const { options } = azure
  const data = customDataOf(owner, group, placeOf(options))
  const problems = [
    ...groupTagProblems(group, options.tags ?? {}, TAG_RULES),
    ...environmentProblems(group),
    ...cloudConfigProblems(group),
    ...registryProblems(options, group),
    ...sizeProblems(data.length),
    ...(await overrideProblems(azure)),
  ]
  if (problems.length > 0) throw new SpecError(problems)
  await checkGivenGroup(azure, calls)
  const [claimed, network, { images, plans, notes }, disks] = await allOf([
    groupOf(azure, owner, calls),
    networkOf(azure, group, calls),
    imagesOf(azure, group, calls),
    bootDisks(azure, group, calls),
  ])
  const recalled = recallable(options, group)
  const body: Blueprint = {
    location: options.location,
    group: claimed.group,
    images,
    plans,
    subnetId: network.subnetId,
    publicAddress: network.publicAddress,
    customData: data.toString("base64"),
    ...recalled.parts,
    ...(group.onNotice === undefined ? {} : { hasNotice: true }),
    login: loginOf(options),
    disk: diskOf(options),
    ...disks,
    placement: placementOf(options),
    ...(options.identity === undefined ? {} : { identity: options.identity }),
    maxPrice: options.maxPrice ?? -1,
    tags: merged(options.tags ?? {}, group.tags),
    overrides: options.overrides ?? {},
    owner: { ...owner },
  }
  const all = [...claimed.notes, ...network.notes, ...notes, ...recalled.notes, ...warningsOf(options, group)]
  const toMake = { network: { "arm.writes": network.writes }, claims: { "arm.writes": claimWrites(azure, owner) } }
  return { notes: all, body, ...(calls.readOnly ? { toMake } : {}) }
}

function warningsOf(options: AzureOptions, group: GroupRequest): readonly string[] {
  return [...(options.identity === undefined ? [NO_WATCHDOG] : []), ...priceNotes(options), ...containerNotes(group)]
}

/** A group and a scale set in it for the generation, and as many for the name of a new cluster; nothing where this process has claimed it. */
function claimWrites({ options, claims }: Azure, owner: Owner): number {
  if (options.resourceGroup !== undefined || claims.has(generationGroup(owner))) return 0
  return owner.generation > 1 ? 2 : 4
}

function priceNotes(options: AzureOptions): readonly string[] {
  if (pricesEndpoint(options) !== undefined) return []
  return [`no price is known in ${cloudOf(options).name}: a budget needs unpriced: "allow", or a pricesEndpoint`]
}

/**
 * All results, or the first error once nothing is under way any more: what one of them made after that would be missed by the
 * cleanup.
 */
async function allOf<T extends readonly unknown[]>(work: { readonly [K in keyof T]: Promise<T[K]> }): Promise<T> {
  await Promise.allSettled(work)
  return (await Promise.all(work)) as unknown as T
}

/** User data of the user's own takes the place of ours; what is too long for it has none. */
function recallable({ overrides }: AzureOptions, { name, spec }: GroupRequest) {
  if (spec === undefined) return { parts: {}, notes: [] }
  const hasRoom = Buffer.byteLength(spec.text) <= CUSTOM_DATA_BYTES && overrides?.userData === undefined
  const note = `the spec of group "${name}" has no room in its instances' user data: who attaches must give it again`
  return {
    parts: { spec: spec.digest, ...(hasRoom ? { userData: Buffer.from(spec.text).toString("base64") } : {}) },
    notes: hasRoom ? [] : [note],
  }
}

/** @throws SpecError when the user's group does not exist. Who may not read groups learns it from the first launch. */
async function checkGivenGroup(azure: Azure, calls: Calls): Promise<void> {
  const { resourceGroup: value, subscriptionId } = azure.options
  if (value === undefined) return
  const found = await readGroup(azure, value, calls).catch((error: unknown) => {
    if (!isForbidden(error)) throw error
    return { isDeleting: false }
  })
  if (found?.isDeleting === false) return
  const state = found === undefined ? `which subscription ${subscriptionId} does not have` : "which is being deleted"
  const message = `is "${value}", ${state}; make it first (az group create), or leave the option out`
  throw new SpecError([{ option: "azure.resourceGroup", value, message }])
}

async function groupOf(azure: Azure, owner: Owner, calls: Calls): Promise<Claimed> {
  const { resourceGroup } = azure.options
  // A given group is not ours to claim.
  if (resourceGroup !== undefined) return { group: resourceGroup, notes: [] }
  return calls.readOnly ? { group: generationGroup(owner), notes: [] } : claimOwner(azure, owner, calls)
}

function diskOf({ disk = {} }: AzureOptions): JsonObject {
  const { sizeGiB, type = "StandardSSD_LRS" } = disk
  return { managedDisk: { storageAccountType: type }, ...(sizeGiB === undefined ? {} : { diskSizeGB: sizeGiB }) }
}

function placementOf({ proximityPlacementGroup, capacityReservationGroup }: AzureOptions): JsonObject {
  return {
    ...(proximityPlacementGroup === undefined ? {} : { proximityPlacementGroup: { id: proximityPlacementGroup } }),
    ...(capacityReservationGroup === undefined
      ? {}
      : { capacityReservation: { capacityReservationGroup: { id: capacityReservationGroup } } }),
  }
}

/** Azure wants a key when passwords are off. Where the user gives none, it gets a point of the curve without a known private key. */
function loginOf({ adminUsername = "muster", sshPublicKey = unusableKey() }: AzureOptions): JsonObject {
  const publicKeys = [{ path: `/home/${adminUsername}/.ssh/authorized_keys`, keyData: sshPublicKey }]
  return { adminUsername, linuxConfiguration: { disablePasswordAuthentication: true, ssh: { publicKeys } } }
}

function unusableKey(): string {
  const field = (bytes: Buffer) => Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes])
  const point = createHash("sha256").update("muster: nobody may log in").digest()
  return `ssh-ed25519 ${Buffer.concat([field(Buffer.from("ssh-ed25519")), field(point)]).toString("base64")} nobody`
}

/** The SDK's serializer leaves out what it does not know, without a word: the VM would be another than was asked. */
async function overrideProblems({ options, connection }: Azure): Promise<readonly SpecProblem[]> {
  const { overrides, location } = options
  if (overrides === undefined) return []
  const vm = merge({ location }, overrides)
  const dropped = missingFrom(overrides, await connection().serialize(vm as { location: string }))
  return dropped.map((path) => ({
    option: `azure.overrides.${path}`,
    message: 'is nothing that a VM of "@azure/arm-compute" has, and would not be sent; check its name and place',
  }))
}

function environmentProblems({ name, environment }: GroupRequest): readonly SpecProblem[] {
  return Object.entries(environment).flatMap(([key, value]) => {
    const option = `groups.${name}.environment.${key}`
    if (key.startsWith("MUSTER_"))
      return [{ option, value, message: "begins with MUSTER_, which is kept for Muster; rename it" }]
    if (!/^[A-Za-z_]\w*$/.test(key))
      return [{ option, value, message: "is no name of a shell variable; use letters, digits and _" }]
    return value.includes("\0") ? [{ option, value, message: "contains a NUL, which no environment can hold" }] : []
  })
}

/** The guest's program, with the user's cloud-config beside it where startup is one; compressed only where it has to be. */
function customDataOf(owner: Owner, group: GroupRequest, place: GuestPlace): Buffer {
  const { startup } = group
  const ours = guestScript(owner, group, place)
  const isArchive = startup !== undefined && isCloudConfig(startup)
  return fitted(isArchive ? archiveOf(ours, startup) : ours, CUSTOM_DATA_BYTES)
}

function sizeProblems(bytes: number): readonly SpecProblem[] {
  if (bytes <= CUSTOM_DATA_BYTES) return []
  const message = `startup, environment and Muster's own part are ${bytes} bytes of custom data, compressed; Azure takes ${CUSTOM_DATA_BYTES}. Let startup fetch what is large`
  return [{ option: "startup", message }]
}
