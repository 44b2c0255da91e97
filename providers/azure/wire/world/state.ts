/** What the wire keeps beside the world: VMs as Azure has them, which outlive the instance that they wanted to be. */
import { createHash } from "node:crypto"
import type { InstanceState } from "../../../../src/provider.js"
import type { World, WorldInstance } from "../../../../src/simulator/index.js"
import { Answers } from "./answers.js"
import type { RestVm } from "./rest.js"

export interface Vm {
  readonly subscription: string
  readonly group: string
  readonly name: string
  readonly order: number
  request: RestVm
  readonly createdAt: number
  readonly vmId: string
  /** The world's; absent when nothing could be allocated for it. */
  readonly instanceId?: string
  /** What it becomes when nothing could be allocated. */
  readonly failure?: VmFailure
  deletedAt?: number
  goneAt?: number
}

export interface VmFailure {
  readonly at: number
  readonly code: string
  readonly message: string
}

export interface Group {
  readonly name: string
  readonly location: string
  tags: Readonly<Record<string, string>>
  readonly createdAt: number
  /** It is being deleted, and is gone when it is empty and this moment has passed. */
  deletingUntil?: number
}

/** What tests can make happen that the world has no word for. */
export interface Quirks {
  /** So many VMs more leave their interface behind when they are deleted, reserved for 180 s. */
  keptInterfaces: number
  /** So many VMs more leave their disk behind. */
  keptDisks: number
  /** Groups that a lock protects. */
  readonly locked: Set<string>
  /** A policy that refuses resources without this tag, and one that refuses groups without it. */
  requiredTag?: string
  requiredGroupTag?: string
  /** Operations that the principal may not do, by operation id. */
  readonly forbidden: Set<string>
  /** All that the principal's role allows, by action; everything, when left out. */
  role?: ReadonlySet<string>
  /** All that the identities of VMs may do, by action; everything, when left out. */
  guestRole?: ReadonlySet<string>
  /** How long the scheduled events of a VM take from the first request for them; 2 min by default. */
  eventsActivationMs: number
  /** A VM that stops is also deallocated, as if a user had asked Azure for it. */
  deallocates: boolean
  /** Sizes that are restricted for this subscription. */
  readonly restricted: Set<string>
  /** The provider is not registered for the subscription. */
  unregistered: boolean
  /** For so long lists, and the regions of Resource Manager that answer for what is in a group, do not know of a new one. */
  replicationMs: number
  /** How long a network takes to be made; Infinity: it stays "Updating". */
  networkMs: number
  /** How long a security rule takes to be in force, and to be gone. */
  rulesMs: number
  /** "Enabled" when left out ("Azure subscription states"). */
  subscriptionState?: string
  /** The tokens that are good; any, when left out. */
  tokens?: ReadonlySet<string>
}

export interface State {
  readonly world: World
  readonly groups: Map<string, Group>
  readonly vms: Map<string, Vm>
  readonly quirks: Quirks
  readonly answers: Answers
  orders: number
  /** When what is gone was last forgotten. */
  caughtUpAt: number
}

/** A network takes some seconds, and its subnets cannot be used before (recorded Retry-After: 3). */
const NETWORK_MS = 3_000

/** An assumption (azure.rule-updating): a rule is answered as "Updating", and its operation asks to be polled after some seconds. */
const RULES_MS = 2_000

/** "You can expect a delay of up to two minutes" ("Azure Metadata Service: Scheduled Events for Linux VMs"). */
const EVENTS_MS = 120_000

export function newState(world: World): State {
  const quirks: Quirks = {
    keptInterfaces: 0,
    keptDisks: 0,
    locked: new Set(),
    forbidden: new Set(),
    eventsActivationMs: EVENTS_MS,
    deallocates: false,
    restricted: new Set(),
    unregistered: false,
    replicationMs: 0,
    networkMs: NETWORK_MS,
    rulesMs: RULES_MS,
  }
  const answers = new Answers(() => world.clock.now())
  return { world, groups: new Map(), vms: new Map(), quirks, answers, orders: 0, caughtUpAt: -1 }
}

export function vmKey(group: string, name: string): string {
  return `${group}/${name}`.toLowerCase()
}

export type ProvisioningState = "Creating" | "Succeeded" | "Failed" | "Deleting"

/** A VM's state, from the truth or from what lists show of its instance; undefined once it is gone. */
export function provisioningOf(
  state: State,
  vm: Vm,
  instance: InstanceView | undefined,
): ProvisioningState | undefined {
  const now = state.world.clock.now()
  if (vm.goneAt !== undefined && now >= vm.goneAt) return undefined
  if (vm.instanceId === undefined) {
    if (vm.deletedAt !== undefined) return "Deleting"
    return now >= (vm.failure?.at ?? 0) ? "Failed" : "Creating"
  }
  if (instance === undefined) return undefined
  const hasFailed = instance.endReason !== undefined && instance.endReason.reason !== "interrupted"
  if (hasFailed && instance.state === "terminated") return vm.deletedAt === undefined ? "Failed" : "Deleting"
  return BY_STATE[instance.state]
}

export type InstanceView = Pick<WorldInstance, "state" | "endReason">

const BY_STATE: Readonly<Record<InstanceState, ProvisioningState | undefined>> = {
  pending: "Creating",
  running: "Succeeded",
  stopped: "Succeeded",
  terminating: "Deleting",
  terminated: undefined,
}

/** The truth about it: what a GET by name tells. */
export function truthOf(state: State, vm: Vm): ProvisioningState | undefined {
  return provisioningOf(state, vm, vm.instanceId === undefined ? undefined : state.world.instance(vm.instanceId))
}

/** Why it is Failed. */
export function failureOf(state: State, { failure, instanceId }: Vm): VmFailure | undefined {
  if (failure !== undefined) return failure
  const reason = instanceId === undefined ? undefined : state.world.instance(instanceId)?.endReason
  return reason === undefined ? undefined : { at: 0, code: codeOf(reason.code), message: reason.message }
}

/** The world's own word for a boot that failed. */
function codeOf(code: string): string {
  return code === "BootFailed" ? "OSProvisioningTimedOut" : code
}

/** Forgets what is gone; every request begins with it. */
export function catchUp(state: State): void {
  const now = state.world.clock.now()
  if (now === state.caughtUpAt) return
  state.caughtUpAt = now
  for (const [key, vm] of state.vms) if (truthOf(state, vm) === undefined) forget(state, key, vm)
  for (const [key, group] of state.groups) {
    if (group.deletingUntil === undefined || now < group.deletingUntil) continue
    if ([...state.vms.values()].some((vm) => vm.group === key)) continue
    state.groups.delete(key)
    for (const { kind, id, attributes } of state.world.resources.list()) {
      if (attributes.group === key) state.world.resources.delete(kind, id)
    }
  }
}

function forget(state: State, key: string, vm: Vm): void {
  state.vms.delete(key)
  // What belonged to an instance went with it; of a VM that never had one it goes now.
  if (vm.instanceId !== undefined) return
  for (const { kind, id, attributes } of state.world.resources.list()) {
    if (attributes.group === vm.group && attributes.madeFor === vm.name) state.world.resources.delete(kind, id)
  }
}

/** Hex digits that a text always gives. */
export function hexOf(text: string, digits: number): string {
  return createHash("sha256").update(text).digest("hex").slice(0, digits)
}

export function guidOf(text: string): string {
  const hex = hexOf(text, 32)
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-")
}

/** `etag` as the network provider writes it. */
export function etagOf(version: number): string {
  return `W/"${String(version).padStart(8, "0")}-0000-0000-0000-000000000000"`
}
