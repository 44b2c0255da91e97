/** Whether a packet would get through to an instance: what the rules of its subnet's security group come to, by priority. */
import { isInRange } from "../../../../src/input/ranges.js"
import type { PartAttributes } from "../prepare/parts.js"
import { networkOf } from "../prepare/network.js"
import type { State } from "../world/state.js"
import { keyIn } from "./conditions.js"
import { doorsIn } from "./doors.js"
import { DOOR_TYPE, type Reference, type RestRule } from "./rule-check.js"
import { DEFAULT_RULES, liveRules } from "./security-groups.js"

type Properties = NonNullable<RestRule["properties"]>

interface Packet {
  readonly from: string
  readonly port: number
  /** Whether an address is of the network, or of an instance in it. */
  readonly isNear: (address: string) => boolean
  /** The groups of the instance that it goes to, and of the one that it comes from. */
  readonly to: readonly string[]
  readonly by: readonly string[]
}

/** @param instanceId its resource id. TCP is asked for. */
export function isOpen(state: State, instanceId: string, port: number, from: string): boolean {
  const nics = state.world.resources
    .list({ kind: "nic" })
    .map(({ attributes }) => attributes as unknown as PartAttributes)
  const nic = nics.find(({ user = "" }) => user.toLowerCase() === instanceId.toLowerCase())
  if (nic === undefined) return false
  const { filter, prefixes } = networkOf(state, nic.subnet ?? "")
  const sender = nics.find(({ privateIp }) => privateIp === from)
  const isNear = (address: string) =>
    nics.some(({ privateIp }) => privateIp === address) || prefixes.some((prefix) => isInRange(address, prefix))
  // "Secure by default" ("Public IP addresses"): without a security group only the network itself gets in.
  if (filter === undefined) return isNear(from)
  const by = sender === undefined ? [] : doorsIn(sender)
  return decide(state, keyIn(filter, "Microsoft.Network/networkSecurityGroups"), {
    from,
    port,
    isNear,
    to: doorsIn(nic),
    by,
  })
}

function decide(state: State, filter: string, packet: Packet): boolean {
  const inForce = liveRules(state, filter).filter((live) => live.state === "Succeeded")
  const rules = [...inForce.map(({ rule }) => rule), ...DEFAULT_RULES].filter(
    (rule) => rule.properties?.direction === "Inbound",
  )
  const sorted = rules.sort((a, b) => (a.properties?.priority ?? 0) - (b.properties?.priority ?? 0))
  return sorted.find(({ properties = {} }) => isAbout(properties, packet))?.properties?.access === "Allow"
}

function isAbout(rule: Properties, { from, port, isNear, to, by }: Packet): boolean {
  const source = [...(rule.sourceAddressPrefixes ?? []), rule.sourceAddressPrefix ?? ""]
  const goal = rule.destinationAddressPrefix ?? ""
  const ports = [...(rule.destinationPortRanges ?? []), rule.destinationPortRange ?? ""]
  const isFrom = source.some((one) => isSource(one, from, isNear)) || names(rule.sourceApplicationSecurityGroups, by)
  const isTo = ["*", "VirtualNetwork"].includes(goal) || names(rule.destinationApplicationSecurityGroups, to)
  return /^(tcp|\*)$/i.test(rule.protocol ?? "") && isFrom && isTo && ports.some((one) => hasPort(one, port))
}

function names(references: readonly Reference[] | undefined, doors: readonly string[]): boolean {
  return references?.some(({ id = "" }) => doors.includes(keyIn(id, DOOR_TYPE))) ?? false
}

function isSource(source: string, from: string, isNear: (address: string) => boolean): boolean {
  if (source === "*") return true
  if (source === "VirtualNetwork") return isNear(from)
  if (source === "Internet") return !isNear(from)
  if (!/[.:]/.test(source) || source.includes(":") !== from.includes(":")) return false
  return isInRange(from, source.includes("/") ? source : `${source}/${source.includes(":") ? 128 : 32}`)
}

function hasPort(range: string, port: number): boolean {
  if (range === "*") return true
  const [first = "", last = first] = range.split("-")
  return range !== "" && Number(first) <= port && port <= Number(last)
}
