/** The record of an instance, in one line of JSON (a shell copies it). It is written before the instance becomes visible. */
import { RejectedError } from "../../../src/errors.js"
import { TAG } from "../../../src/fleet/tags.js"
import type { Instance, InstanceState } from "../../../src/provider.js"

export const recordName = "instance.json"
/** What the user asked of the group, as `prepare` was given it. */
export const specName = "spec.json"

export const REGION = "local"
export const PROVIDER = "local"

export interface InstanceRecord {
  readonly name: string
  /** In the environment of every process of the instance, and nowhere else: they are known by it. */
  readonly nonce: string
  readonly zone: string
  readonly instanceType: string
  readonly address: string
  /** The first of the ports that are its own. */
  readonly port: number
  /** Milliseconds since 1970. */
  readonly launchedAt: number
  /** Seconds since 1970. */
  readonly deadline: string
  /** The key of the cluster's directory. */
  readonly cluster: string
  /** The names of the exclusive files that hold its address and its place. */
  readonly claims: { readonly address: string; readonly slot: string }
  readonly tags: Readonly<Record<string, string>>
}

/** Reads a record. @throws RejectedError when the text is no record. */
export function parseRecord(path: string, text: string): InstanceRecord {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    value = undefined
  }
  if (isRecord(value)) return value
  throw new RejectedError(
    `reading ${path}: this is not an instance's record; look what its processes are, then remove its directory`,
    { code: "BadRecord" },
  )
}

const TEXTS = ["name", "nonce", "zone", "instanceType", "address", "deadline", "cluster"] as const

function isRecord(value: unknown): value is InstanceRecord {
  if (typeof value !== "object" || value === null) return false
  const fields = value as Record<string, unknown>
  return (
    TEXTS.every((field) => typeof fields[field] === "string") &&
    typeof fields.launchedAt === "number" &&
    typeof fields.tags === "object" &&
    fields.tags !== null &&
    typeof fields.claims === "object" &&
    fields.claims !== null
  )
}

/** An instance as the core sees it. */
export function toInstance(
  record: InstanceRecord,
  state: InstanceState,
  more: Partial<Pick<Instance, "endedAt" | "failure">> = {},
): Instance {
  return {
    id: record.name,
    provider: PROVIDER,
    name: record.name,
    state,
    region: REGION,
    zone: record.zone,
    instanceType: record.instanceType,
    market: "on-demand",
    privateIp: record.address,
    launchedAt: record.launchedAt,
    tags: record.tags,
    ...more,
  }
}

/** Whether the record is what this launch call made, not another one with the same name. */
export function isOfLaunch(record: InstanceRecord, token: string): boolean {
  return record.tags[TAG.launch] === token
}
