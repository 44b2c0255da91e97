/**
 * A small EC2 on a loopback port: the Query protocol (2016-11-15) over a simulated world, so that the unmodified SDK can
 * be used against it. It refuses what EC2 refuses; what it does not know, it refuses too.
 */
import { createServer } from "node:http"
import { simulate, type World } from "../../../src/simulator/index.js"
import { type HttpProtocol, listen, listenerOf } from "../../../src/simulator/requests/http-server.js"
import type { LieMode } from "../../../src/simulator/requests/lies.js"
import { type MetadataService, onDemand } from "../../../src/simulator/metadata/service.js"
import { ec2Metadata } from "./guest/metadata.js"
import { lyingAbout } from "./lies/index.js"
import { furnish } from "./world/account.js"
import { Answers } from "./client/answers.js"
import type { Statement } from "./client/policy.js"
import { type Exchange, protocolOf } from "./serve.js"
import { isOpen } from "./observe/is-open.js"
import type { KeyCode } from "./client/signature.js"

export { IMAGES, SECURITY_GROUP, subnetOf } from "./world/account.js"
export type { AnswerPlace, ScriptedAnswer } from "./client/answers.js"
export { decodeAuthorization, type Statement } from "./client/policy.js"
export type { Exchange } from "./serve.js"
export { EC2_BUCKETS, EC2_TYPES, ec2World } from "./world/world.js"

export interface Ec2WireOptions {
  readonly world: World
  /** Any free port by default. */
  readonly port?: number
  /** "127.0.0.1" by default. */
  readonly host?: string
  /** What a request's date is compared with, the machine's clock by default: SDKs sign by it, not by the world's. */
  readonly wallClock?: { now(): number }
  readonly onExchange?: (exchange: Exchange) => void
  /** Whether fleets consume RunInstances' limit of instances, which AWS does not document (aws.fleet-limit); they do by default. */
  readonly fleetsDrawOnRunInstances?: boolean
  /** The statements of the principal's policy: what they do not allow is refused; without it all is allowed. */
  readonly policy?: readonly Statement[]
  /** Of which partition the account is; "aws" when left out. */
  readonly partition?: string
  /** Whether TerminateInstances, too, does not know a new instance before lists do; it does by default. */
  readonly terminateLags?: boolean
  /** How many pools a fleet tries for the instances that are missing, before it gives up; all by default. */
  readonly fleetTries?: number
  /** For how long launches do not know a template or a security group that was made, in milliseconds; 0 by default. */
  readonly setUpLagMs?: number
  /** What it answers otherwise than EC2: the assumption that this breaks, and how often it does. */
  readonly lie?: { readonly breaks: string; readonly mode: LieMode }
  /** What a test puts between the server and this EC2: it may change requests and answers. */
  readonly rim?: (protocol: HttpProtocol) => HttpProtocol
}

export interface Ec2Wire {
  readonly url: string
  readonly world: World
  /** An outage of these zones, until it is called again: lists fail, and nothing can be launched there. */
  impair(...zones: readonly string[]): void
  /** What it is made to answer. */
  readonly answers: Answers
  /** These access keys are not accepted, until it is called again. */
  refuseKeys(code: KeyCode, ...keys: readonly string[]): void
  /** Whether its security groups let TCP from this address, of IPv4 or IPv6, in to a port of this instance. */
  isOpen(instanceId: string, port: number, from: string): boolean
  /** The metadata service of its instances, which starts when it is first asked for, and ends with the wire. */
  metadata(): Promise<MetadataService>
  close(): Promise<void>
}

/** Starts it, and furnishes the world with images, a default VPC and its subnets. */
export async function ec2Wire(options: Ec2WireOptions): Promise<Ec2Wire> {
  const { world, port = 0, host = "127.0.0.1" } = options
  const { wallClock = simulate().clock, onExchange, policy, partition = "aws" } = options
  const impairedZones = new Set<string>()
  const { fleetsDrawOnRunInstances = true, terminateLags = false } = options
  const { fleetTries = Number.POSITIVE_INFINITY, setUpLagMs = 0 } = options
  const answers = new Answers(world)
  const habits = { fleetsDrawOnRunInstances, terminateLags, impairedZones, answers, fleetTries, setUpLagMs }
  const refusedKeys = new Map<string, KeyCode>()
  const given = { ...(onExchange === undefined ? {} : { onExchange }), ...(policy === undefined ? {} : { policy }) }
  const wire = { world, habits, wallClock, refusedKeys, partition, requests: 0, ...given }
  furnish(world)
  const honest = protocolOf(wire)
  const { lie, rim = (protocol) => protocol } = options
  const protocol = rim(lie === undefined ? honest : lyingAbout(honest, world, lie))
  const { url, close } = await listen(createServer(listenerOf(protocol)), { host, port })
  const impair = (...zones: readonly string[]) => {
    impairedZones.clear()
    for (const zone of zones) impairedZones.add(zone)
  }
  const refuseKeys = (code: KeyCode, ...keys: readonly string[]) => {
    refusedKeys.clear()
    for (const key of keys) refusedKeys.set(key, code)
  }
  const guests = onDemand(() => ec2Metadata(world), close)
  const reach = { isOpen: isOpen.bind(undefined, world) }
  return { url, world, impair, answers, refuseKeys, ...reach, ...guests }
}
