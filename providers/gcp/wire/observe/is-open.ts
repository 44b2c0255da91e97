/** Whether a connection comes through the firewall of an instance's network ("VPC firewall rules"). */
import { isInRange } from "../../../../src/input/ranges.js"
import type { World, WorldInstance } from "../../../../src/simulator/index.js"
import { pathIn } from "../account.js"
import type { Properties } from "../client/messages.js"
import { subnetworkOf } from "../prepare/addresses.js"
import type { Rule } from "../prepare/firewall-rules.js"
import { rulesOf } from "../prepare/firewalls.js"
import { byName } from "./names.js"
import { networkTagsOf } from "./network-tags.js"

export interface Connection {
  readonly port: number
  /** An IPv4 address. */
  readonly from: string
}

/** The first rule that is about it decides; of one priority a denial is first; where none is, everybody is kept out. */
export function isOpen(world: World, project: string, id: string, connection: Connection): boolean {
  const [zone = "", name = ""] = id.split("/")
  const instance = byName(world, zone, name)
  if (instance === undefined) throw new Error(`no instance ${id}`)
  const network = networkOf(world, project, instance)
  const sender = world
    .truth({ states: ["pending", "running"] })
    .find((one) => one.privateIp === connection.from && networkOf(world, project, one) === network)
  const tags = networkTagsOf(world, instance)
  const senderTags = sender === undefined ? [] : networkTagsOf(world, sender)
  const rules = rulesOf(world, network)
    .filter((rule) => isFor(rule, tags) && comesFrom(rule, connection.from, senderTags))
    .sort((a, b) => a.priority - b.priority || Number(isAllowing(a)) - Number(isAllowing(b)))
  const first = rules.find((rule) => isAbout(rule, connection.port))
  return first !== undefined && isAllowing(first)
}

function networkOf(world: World, project: string, { attributes }: WorldInstance): string {
  const properties = (attributes.properties ?? {}) as Properties
  const [{ network, subnetwork } = {}] = properties.networkInterfaces ?? []
  if (subnetwork === undefined) return pathIn(project, network ?? "global/networks/default")
  const path = subnetworkOf(world, project, properties)
  const name = String(world.resources.get("subnetwork", path)?.attributes.network)
  return path.replace(/\/regions\/.*$/, `/global/networks/${name}`)
}

/** The wire's instances have no service accounts that rules could name. */
function isFor({ disabled, direction, targetTags = [], targetServiceAccounts = [] }: Rule, tags: readonly string[]) {
  if (disabled || direction !== "INGRESS" || targetServiceAccounts.length > 0) return false
  return targetTags.length === 0 || targetTags.some((tag) => tags.includes(tag))
}

/** "Within sourceRanges OR a source IP from a resource with a matching tag" */
function comesFrom({ sourceRanges = [], sourceTags = [] }: Rule, from: string, tags: readonly string[]): boolean {
  return sourceRanges.some((range) => isInRange(from, range)) || sourceTags.some((tag) => tags.includes(tag))
}

function isAllowing({ allowed = [] }: Rule): boolean {
  return allowed.length > 0
}

function isAbout({ allowed = [], denied = [] }: Rule, port: number): boolean {
  return [...allowed, ...denied].some(({ IPProtocol = "", ports = [] }) => {
    if (!/^(tcp|6|all)$/.test(IPProtocol)) return false
    return ports.length === 0 || ports.some((range) => isWithin(range, port))
  })
}

function isWithin(range: string, port: number): boolean {
  const [first = "", last = first] = range.split("-")
  return Number(first) <= port && port <= Number(last)
}
