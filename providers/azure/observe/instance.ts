/** From a VM of Azure's REST API to an instance of Muster's. */
import { TransientError } from "../../../src/errors.js"
import type { Failure, Instance, InstanceState } from "../../../src/provider.js"
import { chainOf, mostSpecific } from "../client/errors.js"
import { placeOf, REGIONAL, vmId } from "../client/ids.js"
import { bootFailure, failureFrom } from "../client/outcome.js"
import { poolText } from "../client/scopes.js"
import { parseTime } from "../../../src/tables/times.js"
import { familyOf } from "../offers/families.js"

/** The parts of a VM that we read. */
export interface NativeVm {
  readonly id?: string
  readonly location?: string
  readonly tags?: Readonly<Record<string, string>>
  readonly zones?: readonly string[]
  readonly properties?: {
    readonly provisioningState?: string
    readonly priority?: string
    readonly timeCreated?: string
    /** Base64; only where it was asked for. */
    readonly userData?: string
    readonly hardwareProfile?: { readonly vmSize?: string }
    readonly networkProfile?: { readonly networkInterfaces?: readonly { readonly id?: string }[] }
    readonly instanceView?: InstanceView
  }
}

/** The status of a VM and of its disks ("Virtual Machines - Instance View"). */
export interface InstanceView {
  readonly statuses?: readonly NativeStatus[]
  readonly disks?: readonly { readonly statuses?: readonly NativeStatus[] }[]
}

export interface NativeStatus {
  /** "PowerState/running", "ProvisioningState/failed/ZonalAllocationFailed"; some are empty. */
  readonly code?: string
  readonly message?: string
}

/**
 * `provisioningState` ("Virtual Machines - Get"). Succeeded after a create says that the guest has started. Failed is what
 * an accepted VM becomes when it cannot be allocated or does not boot; it stays until it is deleted. It is a plain string,
 * and may be left out: a VM in a state that we do not know is there, and not known to run.
 */
const STATES: Readonly<Record<string, InstanceState>> = {
  creating: "pending",
  updating: "running",
  migrating: "running",
  succeeded: "running",
  failed: "pending",
  canceled: "pending",
  deleting: "terminating",
}

/**
 * "States and billing status of Azure Virtual Machines": halted, or about to be. What was stopped from within is paid for as
 * if it ran; what was deallocated still keeps its disk and its quota.
 */
const HALTED = /^PowerState\/(stopping|stopped|deallocating|deallocated)$/i

/**
 * @param now for a VM whose answer does not say when it was made (the API before 2021-11-01): it counts as new.
 * @throws TransientError when an answer lacks the id that every VM has: nothing may be concluded from it.
 */
export function toInstance(native: NativeVm, subscriptionId: string, now: number): Instance {
  const { id = "", location = "", tags = {}, zones, properties = {} } = native
  const place = placeOf(id, subscriptionId)
  if (place === undefined) throw new TransientError(`Azure's answer has a VM with the id "${id}", which is no VM's`)
  const state = STATES[(properties.provisioningState ?? "").toLowerCase()] ?? "pending"
  return {
    id: vmId(subscriptionId, place.group, place.name),
    provider: "azure",
    name: place.name.toLowerCase(),
    state: state === "running" && isHalted(properties.instanceView?.statuses ?? []) ? "stopped" : state,
    region: location.toLowerCase().replaceAll(" ", ""),
    zone: zones?.[0] ?? REGIONAL,
    instanceType: properties.hardwareProfile?.vmSize ?? "",
    market: properties.priority?.toLowerCase() === "spot" ? "spot" : "on-demand",
    launchedAt: parseTime(properties.timeCreated ?? "") ?? now,
    tags,
  }
}

function isHalted(statuses: readonly NativeStatus[]): boolean {
  return statuses.some(({ code = "" }) => HALTED.test(code))
}

export function hasFailed({ properties }: NativeVm): boolean {
  return ["failed", "canceled"].includes((properties?.provisioningState ?? "").toLowerCase())
}

/**
 * Why a VM is Failed, from its instance view: the third part of a status's code, if it has one, or the error in its message.
 * Where Azure says nothing, the guest did not come up.
 */
export function failureOf(instance: Instance, { statuses = [], disks = [] }: InstanceView): Failure {
  const failed = [...disks.flatMap((disk) => disk.statuses ?? []), ...statuses].filter(({ code = "" }) =>
    FAILED.test(code),
  )
  const errors = failed.flatMap((status) => [...chainOf({ ...status, code: status.code?.split("/")[2] })])
  const details = mostSpecific(errors)
  const { region: location, instanceType, zone, market } = instance
  const offer = { instanceType, zone, market, family: familyOf(instanceType) }
  const context = { what: `starting ${poolText(offer, location)}`, location, url: "", cost: {}, offer }
  if (details !== undefined) return failureFrom(details, context)
  const message = failed.find((status) => status.message !== undefined)?.message
  const why = message ?? "the VM has failed, and Azure does not say why"
  return bootFailure(NO_CODE, `${context.what}: ${why} (${NO_CODE})`, context)
}

const FAILED = /^ProvisioningState\/failed/i
const NO_CODE = "ProvisioningFailed"
