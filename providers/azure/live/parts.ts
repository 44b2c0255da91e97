/** What a walk looks at of the parts of its machines: interfaces, public addresses and disks, while they are used and after. */
import type { WalkStage, WalkWorker } from "../../../src/provider.js"
import { groupPath, placeOf } from "../client/ids.js"
import { itemsOf } from "../client/pages.js"
import type { Azure } from "../client/send.js"
import { DISKS, NETWORK } from "../client/versions.js"
import type { VmBody } from "../launch/bodies.js"
import type { Api } from "../limits.js"
import { at, endOf, isDone, isSameId, listAt, type Reading, readingsOf, textAt } from "./reading.js"
import { isUp, readOf } from "./reads.js"

interface Part {
  readonly api: Api
  readonly type: string
  readonly version: string
  /** That it goes with its machine. */
  readonly gone: string
  /** Whether a machine was to have one. */
  readonly isPartOf: (worker: WalkWorker) => boolean
}

const NIC: Part = {
  api: "NetworkInterfaces_List",
  type: "Microsoft.Network/networkInterfaces",
  version: NETWORK,
  gone: "azure.nic-gone",
  isPartOf: () => true,
}
const ADDRESS: Part = {
  api: "PublicIPAddresses_List",
  type: "Microsoft.Network/publicIPAddresses",
  version: NETWORK,
  gone: "azure.address-gone",
  isPartOf: (worker) => asksForAddress(worker),
}
const DISK: Part = {
  api: "Disks_ListByResourceGroup",
  type: "Microsoft.Compute/disks",
  version: DISKS,
  gone: "azure.disk-gone",
  // An ephemeral disk is the host's, and no resource.
  isPartOf: ({ call }) => at((call.body as VmBody).vm, "storageProfile", "osDisk", "diffDiskSettings") === undefined,
}

interface Listed {
  readonly items: readonly unknown[]
  readonly pages: readonly Reading[]
}

/** All of one kind in a group; undefined where the list is not complete. */
async function listOf(azure: Azure, stage: WalkStage, group: string, part: Part): Promise<Listed | undefined> {
  const path = `${groupPath(azure.options.subscriptionId, group)}/providers/${part.type}?api-version=${part.version}`
  const { value, exchanges } = await stage.watch((calls) =>
    itemsOf<unknown>(azure, calls, part.api, path, { what: `listing ${part.type} of ${group}` }),
  )
  const pages = readingsOf(exchanges, part.api).filter(isDone)
  const lists = pages.map(({ body }) => listAt(body, "value"))
  if (value === undefined || pages.length === 0 || lists.includes(undefined)) return undefined
  return { items: lists.flatMap((list) => list ?? []), pages }
}

function evidenceOf(...lists: readonly Pick<Listed, "pages">[]) {
  return lists.flatMap(({ pages }) => pages.map(({ exchange }) => exchange))
}

function byId({ items }: Listed, id: string | undefined): unknown {
  return items.find((item) => isSameId(textAt(item, "id"), id))
}

/** The parts of one machine that has booted. */
export async function lookAtParts(azure: Azure, stage: WalkStage, worker: WalkWorker): Promise<void> {
  const place = placeOf(worker.made.id, azure.options.subscriptionId)
  if (place === undefined) return
  const nics = await listOf(azure, stage, place.group, NIC)
  const addresses = await listOf(azure, stage, place.group, ADDRESS)
  const disks = await listOf(azure, stage, place.group, DISK)
  // It may have ended itself meanwhile, and its parts with it.
  const vm = await readOf(azure, stage, worker)
  if (!isUp(vm)) return
  const nic = nics === undefined ? undefined : lookAtInterface(stage, worker, vm, nics)
  if (nic !== undefined && nics !== undefined && addresses !== undefined)
    lookAtAddress(stage, worker, nic, [nics, addresses])
  if (disks !== undefined) lookAtDisk(stage, worker, disks)
}

/** @returns it, as the list has it. */
function lookAtInterface(stage: WalkStage, worker: WalkWorker, vm: Reading, nics: Listed): unknown {
  const id = textAt(vm.body, "properties", "networkProfile", "networkInterfaces", 0, "id")
  if (id === undefined) return undefined
  const nic = byId(nics, id)
  const user = textAt(nic, "properties", "virtualMachine", "id")
  const address = textAt(nic, "properties", "ipConfigurations", 0, "properties", "privateIPAddress")
  const isItsOwn = isSameId(user, worker.made.id) && address !== undefined
  const words =
    nic === undefined
      ? "it is not listed"
      : `used by ${endOf(user ?? "nobody")}, ${address === undefined ? "without" : "with"} an address`
  stage.saw("azure.inline-nic", isItsOwn, words, [vm.exchange, ...evidenceOf(nics)])
  if (nic !== undefined) lookAtTags(stage, worker, "azure.nic-tags", nic, nics)
  return nic
}

/** What the VM carries the interface and the address carry as well. */
function lookAtTags(stage: WalkStage, { call }: WalkWorker, assumption: string, item: unknown, list: Listed): void {
  const { vm } = call.body as VmBody
  const wanted = Object.entries(vm.tags ?? {})
  const lacking = wanted.filter(([key, value]) => at(item, "tags", key) !== value).map(([key]) => key)
  stage.saw(
    assumption,
    lacking.length === 0,
    lacking.length === 0 ? "all tags" : `without ${lacking.join(", ")}`,
    evidenceOf(list),
  )
}

function lookAtAddress(
  stage: WalkStage,
  worker: WalkWorker,
  nic: unknown,
  [nics, addresses]: readonly [Listed, Listed],
): void {
  if (!asksForAddress(worker)) return
  const id = textAt(nic, "properties", "ipConfigurations", 0, "properties", "publicIPAddress", "id")
  const address = byId(addresses, id)
  const ip = textAt(address, "properties", "ipAddress")
  const words =
    address === undefined
      ? "the interface's address is not listed"
      : ip === undefined
        ? "it has no address yet"
        : "it has its address"
  stage.saw("azure.inline-address", ip !== undefined, words, evidenceOf(nics, addresses))
  if (address === undefined) return
  const method = textAt(address, "properties", "publicIPAllocationMethod")
  stage.saw("azure.static-address", method === "Static", `allocated: ${method ?? "not told"}`, evidenceOf(addresses))
  lookAtTags(stage, worker, "azure.address-tags", address, addresses)
}

function asksForAddress({ call }: WalkWorker): boolean {
  const path = [
    "networkProfile",
    "networkInterfaceConfigurations",
    0,
    "ipConfigurations",
    0,
    "publicIPAddressConfiguration",
  ]
  return at((call.body as VmBody).vm, ...path) !== undefined
}

function lookAtDisk(stage: WalkStage, { made, call }: WalkWorker, disks: Listed): void {
  const wanted = textAt((call.body as VmBody).vm, "storageProfile", "osDisk", "name")
  const own = disks.items.filter((disk) => isSameId(textAt(disk, "managedBy"), made.id))
  if (wanted === undefined || own.length === 0) return
  const names = own.map((disk) => textAt(disk, "name") ?? "none")
  stage.saw(
    "azure.disk-name",
    names.some((name) => isSameId(name, wanted)),
    `its disk is ${names.join(", ")}`,
    evidenceOf(disks),
  )
}

/** Parts may go some seconds after their machine. */
const GONE_WITHIN_MS = 60_000
const EVERY_MS = 5_000

/** Of all machines that are gone: what lists still show under their names. */
export async function lookAtRemains(azure: Azure, stage: WalkStage): Promise<void> {
  const gone = stage.workers.filter(({ goneAt }) => goneAt !== undefined)
  const until = stage.now() + GONE_WITHIN_MS
  for (const group of new Set(gone.map(({ call }) => (call.body as VmBody).group)))
    for (const part of [NIC, ADDRESS, DISK]) await lookAtRemainsOf(azure, stage, { group, part, until, gone })
}

interface Remains {
  readonly group: string
  readonly part: Part
  readonly until: number
  readonly gone: readonly WalkWorker[]
}

async function lookAtRemainsOf(azure: Azure, stage: WalkStage, { group, part, until, gone }: Remains): Promise<void> {
  const listed = new Map(gone.map((worker) => [worker, listedOf(stage, part, worker)]))
  const leftOf = (list: Listed, worker: WalkWorker) =>
    list.items.filter((item) => {
      const id = textAt(item, "id")?.toLowerCase() ?? ""
      return isOf(worker, item) || listed.get(worker)?.has(id) === true
    })
  let list = await listOf(azure, stage, group, part)
  while (
    list !== undefined &&
    gone.some((worker) => leftOf(list as Listed, worker).length > 0) &&
    stage.now() < until
  ) {
    await stage.wait(EVERY_MS)
    list = (await listOf(azure, stage, group, part)) ?? list
  }
  if (list === undefined) return
  for (const worker of gone) {
    if ((worker.call.body as VmBody).group !== group || !part.isPartOf(worker)) continue
    // Of what no list has shown nobody can say that it went.
    if (listed.get(worker)?.size === 0) continue
    const names = leftOf(list, worker).map((item) => endOf(textAt(item, "id") ?? ""))
    stage.saw(
      part.gone,
      names.length === 0,
      names.length === 0 ? "nothing is left" : `left: ${names.join(", ")}`,
      evidenceOf(list),
    )
  }
}

/** By its name, or by what it says of its user. */
function isOf({ made }: WalkWorker, item: unknown): boolean {
  return endOf(textAt(item, "id") ?? "").startsWith(made.name) || isSameId(textAt(item, "managedBy"), made.id)
}

/** The ids of what lists have shown of one machine, in lower case. */
function listedOf({ exchanges }: WalkStage, { api }: Part, worker: WalkWorker): ReadonlySet<string> {
  const pages = readingsOf(exchanges, api).filter(isDone)
  const items = pages.flatMap(({ body }) => listAt(body, "value") ?? []).filter((item) => isOf(worker, item))
  return new Set(items.flatMap((item) => textAt(item, "id")?.toLowerCase() ?? []))
}
