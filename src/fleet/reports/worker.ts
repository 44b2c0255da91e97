/** A worker, as users see it. */
import type { Instance, Market } from "../../provider.js"
import { TAG } from "../tags.js"
import type { WorkerState } from "../lifecycle.js"

import type { WorkerRecord } from "../roster/worker-record.js"

export interface Worker {
  readonly id: string
  readonly name: string
  readonly group: string
  readonly state: WorkerState
  /** It runs, and its checks have passed, where its group has some. */
  readonly ready: boolean
  /** While it is not ready: the step that goes on there, or that has failed; absent where nothing asks. */
  readonly step?: string
  readonly provider: string
  readonly region: string
  readonly zone: string
  readonly instanceType: string
  readonly market: Market
  readonly privateIp?: string
  readonly publicIp?: string
  /** Milliseconds since 1970. */
  readonly launchedAt: number
  /** USD; absent when no price is known. */
  readonly pricePerHour?: number
  readonly tags: Readonly<Record<string, string>>
}

export function workerOf({ instance, group, state, provider, pricePerHour, readiness }: WorkerRecord): Worker {
  const { id, zone, instanceType, market, privateIp, publicIp, launchedAt, tags } = instance
  return {
    id,
    name: workerName(instance, group),
    group,
    state,
    ready: state === "running" && readiness?.isReady !== false,
    ...(state !== "running" || readiness?.step === undefined ? {} : { step: readiness.step }),
    provider: provider.name,
    region: provider.region,
    zone,
    instanceType,
    market,
    ...(privateIp === undefined ? {} : { privateIp }),
    ...(publicIp === undefined ? {} : { publicIp }),
    launchedAt,
    ...(pricePerHour === undefined ? {} : { pricePerHour }),
    tags,
  }
}

/** A worker's name is ours where the cloud lets us choose, else its group and the last 8 characters of its id. */
export function workerName(
  instance: Pick<Instance, "id" | "name"> & { readonly tags?: Instance["tags"] },
  group: string,
): string {
  return instance.name === "" ? `${instance.tags?.[TAG.group] ?? group}-${instance.id.slice(-8)}` : instance.name
}
