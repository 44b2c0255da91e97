/** What an instance's supervisor is told, as shell text: its settings, and the environment of its processes. */
import { word } from "../../../src/guest/text.js"
import type { WhenDone } from "../../../src/provider.js"
import type { Layout } from "../client/layout.js"
import type { Host } from "../client/host.js"
import { type InstanceRecord, recordName } from "../client/record.js"

/** A sleep in one piece would be late after a suspend by as long as that took; this bounds it, at 2 forks a minute. */
const CLOCK_LOOK_S = 60

/** Four looks a lease see every renewal that comes at its half. */
const LOOKS_IN_A_LEASE = 4

/** Thousands that end at once would keep this machine busy; the last look before the end may find a renewal. */
const JITTER_SHARE = 10
const MOST_JITTER_S = 30

function leaseLookS(leaseSeconds: number): number {
  return Math.max(1, Math.min(CLOCK_LOOK_S, Math.floor(leaseSeconds / LOOKS_IN_A_LEASE)))
}

/** First wait for what was sent SIGTERM, doubled up to the last: quick for the obedient, cheap for the slow. */
const FIRST_PAUSE_MS = 50
const LAST_PAUSE_MS = 1000

/** The waits that make up the grace, in seconds, for a shell that cannot compute fractions. */
export function gracePauses(graceMs: number): string {
  const pauses: string[] = []
  let pauseMs = FIRST_PAUSE_MS
  for (let leftMs = graceMs; leftMs > 0; leftMs -= pauseMs, pauseMs = Math.min(pauseMs * 2, LAST_PAUSE_MS)) {
    pauses.push((Math.min(pauseMs, leftMs) / 1000).toFixed(3))
  }
  return pauses.join(" ")
}

/** What is told beside the record. */
export interface Told {
  readonly graceMs: number
  readonly leaseSeconds: number | undefined
  readonly host: Host
  readonly whenDone: WhenDone | undefined
  readonly hasNotice: boolean
  readonly hasContainer: boolean
}

/** What the script is told, as shell assignments. */
export function settingsText(layout: Layout, record: InstanceRecord, told: Told): string {
  const { graceMs, leaseSeconds, host, whenDone, hasNotice, hasContainer } = told
  const graceS = Math.ceil(graceMs / 1000)
  const cluster = layout.cluster(record.cluster)
  const settings = {
    name: record.name,
    nonce: record.nonce,
    // The notice and the grace, which share their time, are over by then; whole seconds may be one late.
    deadline: hasNotice ? String(Number(record.deadline) - graceS - 1) : record.deadline,
    // What the clock of day showed when this boot began, as of the launch: with the time since boot, true time.
    clock_boot: host.boot,
    clock_base: String(Math.floor(record.launchedAt / 1000 - host.uptimeS)),
    pauses: gracePauses(graceMs),
    grace_s: String(graceS),
    notices: hasNotice ? "yes" : "",
    contains: hasContainer ? "yes" : "",
    on_success: whenDone?.success ?? "keep",
    on_failure: whenDone?.failure ?? "keep",
    // Without a lease: a look at the clock now and then, and an end that never comes.
    look_s: String(leaseSeconds === undefined ? CLOCK_LOOK_S : leaseLookS(leaseSeconds)),
    jitter: String(Math.min(MOST_JITTER_S, Math.floor((leaseSeconds ?? 0) / JITTER_SHARE))),
    // A lease that was renewed since the last look lasts so long at least, whatever the clock of day shows.
    lease_least: String(Math.max(0, (leaseSeconds ?? 0) - leaseLookS(leaseSeconds ?? 0))),
    lease_end: leaseSeconds === undefined ? "" : String(Math.floor(record.launchedAt / 1000 + leaseSeconds)),
    claims: layout.claims,
    looks: layout.looks,
    address_claim: record.claims.address,
    slot_claim: record.claims.slot,
    spent: cluster.spent,
    trash: cluster.trash,
    record_file: recordName,
  }
  return Object.entries(settings)
    .map(([key, value]) => `${key}=${word(value)}\n`)
    .join("")
}
