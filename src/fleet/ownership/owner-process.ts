/** Owner process: the process that owns a cluster, and since when, as the tags of its resources tell. */
import { hostname } from "node:os"
import { type Clock, wallAheadMs } from "../../calls/clock.js"

/** A process, as its tags describe it. */
export interface OwnerProcess {
  /** Of its machine; in lower case, and shortened, as tags of every cloud can hold it. */
  readonly host: string
  readonly pid: number
  /** When it took the cluster, in milliseconds since 1970. */
  readonly since: number
}

/** Beside a number and a moment it fits into the 63 characters of a label of Google's. */
const LONGEST_HOST = 40

/** "build-7_4711_1764412496": valid as a tag's value on every cloud. */
export function ownerProcessTag(clock: Clock): string {
  const since = Math.floor((clock.now() + wallAheadMs(clock)) / 1000)
  return `${hostLabel(hostname())}_${process.pid}_${since}`
}

/** Undefined for a tag of another form. */
export function parseOwnerProcess(tag: string | undefined): OwnerProcess | undefined {
  const match = /^([a-z0-9-]*)_(\d{1,10})_(\d{1,12})$/.exec(tag ?? "")
  if (match === null) return undefined
  return { host: match[1] ?? "", pid: Number(match[2]), since: Number(match[3]) * 1000 }
}

/** As a tag has a machine's name. */
export function hostLabel(host: string): string {
  return host
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, LONGEST_HOST)
}
