/** Instance metadata of EC2, as an instance reads it: with a session token (IMDSv2), or without where the launch allowed it. */
import { createServer } from "node:http"
import type { World, WorldInstance } from "../../../../src/simulator/index.js"
import {
  type MetadataReply,
  type MetadataRequest,
  type MetadataService,
  serveMetadata,
} from "../../../../src/simulator/metadata/service.js"
import { ACCOUNT_ID } from "../world/account.js"
import { isoTime } from "../client/time.js"

const TOKEN_TTL = "x-aws-ec2-metadata-token-ttl-seconds"
const TOKEN = "x-aws-ec2-metadata-token"
/** "The TTL ... a maximum of six hours" ("Use the Instance Metadata Service"). */
const LONGEST_TTL_S = 21_600

interface Options {
  readonly HttpTokens?: string
  readonly InstanceMetadataTags?: string
}

interface Request {
  readonly UserData?: string
  readonly MetadataOptions?: Options
  readonly IamInstanceProfile?: { readonly Name?: string; readonly Arn?: string }
}

/** Starts the metadata service of all instances of a world. */
export function ec2Metadata(world: World): Promise<MetadataService> {
  return serveMetadata(world, createServer, (instance, request) => answer(world, instance, request))
}

function answer(world: World, instance: WorldInstance, { method, path, headers }: MetadataRequest): MetadataReply {
  const now = world.clock.now()
  if (path === "/latest/api/token") return method === "PUT" ? newToken(instance, headers[TOKEN_TTL], now) : refused(405)
  if (method !== "GET") return refused(405)
  const { MetadataOptions: options = {} } = instance.attributes.request as Request
  const token = headers[TOKEN]
  const isKnown = typeof token === "string" && isGood(token, instance, now)
  if (token === undefined ? options.HttpTokens === "required" : !isKnown) return refused(401)
  const text = textOf(world, instance, path)
  return text === undefined ? refused(404) : { status: 200, headers: { "content-type": "text/plain" }, body: text }
}

/** What such an answer has for a body is a page; guests look at the status alone. */
function refused(status: number): MetadataReply {
  return { status, headers: { "content-type": "text/html" }, body: `<html><body><h1>${status}</h1></body></html>` }
}

function newToken({ id }: WorldInstance, ttl: unknown, now: number): MetadataReply {
  const seconds = Number(ttl)
  if (!(Number.isInteger(seconds) && seconds >= 1 && seconds <= LONGEST_TTL_S)) return refused(400)
  const body = Buffer.from(`${id}/${now + seconds * 1000}`).toString("base64url")
  return { status: 200, headers: { [TOKEN_TTL]: String(seconds) }, body }
}

/** A token is good on the instance that asked for it, until it expires. */
function isGood(token: string, { id }: WorldInstance, now: number): boolean {
  const [of, until] = Buffer.from(token, "base64url").toString().split("/")
  return of === id && Number(until) > now
}

const USER_DATA = "/latest/user-data"
const IDENTITY = "/latest/dynamic/instance-identity/document"
const DATA = "/latest/meta-data/"

function textOf(world: World, instance: WorldInstance, path: string): string | undefined {
  const { id, attributes, privateIp, instanceType, zone, createdAt } = instance
  if (path === USER_DATA) return userDataOf(instance)
  const region = world.settings.region
  if (path === IDENTITY) {
    const pendingTime = isoTime(createdAt)
    const place = { accountId: ACCOUNT_ID, availabilityZone: zone, region }
    return JSON.stringify({
      ...place,
      instanceId: id,
      instanceType,
      privateIp,
      pendingTime,
      imageId: attributes.imageId,
    })
  }
  if (!path.startsWith(DATA)) return undefined
  const key = path.slice(DATA.length)
  if (key.startsWith("tags/instance")) return tagOf(instance, key.slice("tags/instance".length))
  if (key.startsWith("spot/")) return noticeOf(world, id, key)
  if (key.startsWith("iam/security-credentials")) return credentialsOf(world, instance, key)
  return plainValue(instance, region, key)
}

function userDataOf({ attributes }: WorldInstance): string | undefined {
  const { UserData } = attributes.request as Request
  return UserData === undefined ? undefined : Buffer.from(UserData, "base64").toString("utf8")
}

function plainValue(instance: WorldInstance, region: string, key: string): string | undefined {
  const values: Readonly<Record<string, string | undefined>> = {
    "instance-id": instance.id,
    "instance-type": instance.instanceType,
    "instance-life-cycle": instance.market,
    "ami-id": String(instance.attributes.imageId),
    "local-ipv4": instance.privateIp,
    "public-ipv4": instance.publicIp,
    hostname: `ip-${instance.privateIp.replaceAll(".", "-")}.ec2.internal`,
    "placement/availability-zone": instance.zone,
    "placement/region": region,
  }
  return values[key]
}

/** Only where the launch has allowed it ("View tags for your EC2 instances using instance metadata"). */
function tagOf({ attributes, tags }: WorldInstance, rest: string): string | undefined {
  const { MetadataOptions: options } = attributes.request as Request
  if (options?.InstanceMetadataTags !== "enabled") return undefined
  if (rest === "" || rest === "/") return Object.keys(tags).join("\n")
  return tags[decodeURIComponent(rest.slice(1))]
}

/** "If the instance is not marked for interruption, you receive an HTTP 404" ("Spot Instance interruption notices"). */
function noticeOf(world: World, id: string, key: string): string | undefined {
  const at = world.notices().find((notice) => notice.id === id)?.at
  if (at === undefined) return undefined
  const time = isoTime(at).replace(/\.\d+Z$/, "Z")
  if (key === "spot/instance-action") return JSON.stringify({ action: "terminate", time })
  return key === "spot/termination-time" ? time : undefined
}

const ROLE_S = 21_600

function credentialsOf(world: World, { attributes, id }: WorldInstance, key: string): string | undefined {
  const { IamInstanceProfile: profile } = attributes.request as Request
  const role = profile?.Name ?? profile?.Arn?.split("/").at(-1)
  const [, , name] = key.split("/")
  if (role === undefined) return undefined
  if (name === undefined || name === "") return role
  if (name !== role) return undefined
  const Expiration = isoTime(world.clock.now() + ROLE_S * 1000)
  const keys = { AccessKeyId: "ASIAEXAMPLE", SecretAccessKey: "secret", Token: `session-of-${id}` }
  return JSON.stringify({ Code: "Success", Type: "AWS-HMAC", ...keys, Expiration })
}
