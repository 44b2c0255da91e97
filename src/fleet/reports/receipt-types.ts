/** The receipt's rows. */
import type { InstanceState, Market } from "../../provider.js"
import type { BootSummary } from "../../ready/boot-timings.js"
import type { WorkerState } from "../lifecycle.js"
import type { FailedCheck } from "../roster/worker-record.js"
import type { PriceOrigin } from "../../money/cost.js"

export interface ReceiptRow {
  readonly id: string
  readonly name: string
  readonly group: string
  readonly provider: string
  readonly region: string
  readonly zone: string
  readonly instanceType: string
  readonly market: Market
  /** Milliseconds since 1970. */
  readonly launchedAt: number
  readonly endedAt?: number
  readonly finalState: WorkerState
  /** Of one that could not be confirmed gone: its state as the cloud said it last. */
  readonly reportedState?: InstanceState
  /** How its work ended, where that is known: 0 is success. */
  readonly exitCode?: number
  /**
   * How long it took from when it ran until its checks had passed, in milliseconds. Absent where it never was ready, where its group has no
   * `ready`, and where it ran already when this process saw it first.
   */
  readonly readyAfterMs?: number
  /** Why it was ended, or kept, as one that is not ready; absent where it was not. */
  readonly failedCheck?: FailedCheck
  /** USD, an estimate from the price per hour at launch and the time it ran; absent when no price is known. */
  readonly cost?: number
  /** Where a person can look at one that could not be confirmed gone. */
  readonly consoleUrl?: string
}

/** What closing came to; `String(receipt)` is a table of at most twenty lines. */
export interface Receipt {
  readonly cluster: string
  readonly instances: readonly ReceiptRow[]
  /** Those that could not be confirmed gone. */
  readonly leaked: readonly ReceiptRow[]
  /** What is not an instance and could not be removed, in words. */
  readonly leftovers: readonly string[]
  /** Seconds that instances ran, summed. */
  readonly seconds: number
  /**
   * USD: prices times running time, with what the cloud bills at least. Absent when no instance has a price. Not counted are
   * those that have none, disks, traffic, addresses, discounts and taxes.
   */
  readonly cost?: number
  /** The same by group. */
  readonly costByGroup: Readonly<Record<string, number>>
  /** USD of `cost` for instances that had ended before this process began, as the journal says; they are not among `instances`. */
  readonly earlierCost: number
  /** How many instances `cost` leaves out, because their price is not known. */
  readonly unpriced: number
  /** Where the time of boots went, for each provider and region, of what this process has launched. */
  readonly boots: readonly BootSummary[]
  /** Costs are estimated: a cloud's invoice may differ. */
  readonly estimate: true
  /** Where the prices are from, and when they were asked for (milliseconds since 1970). */
  readonly prices: readonly PriceOrigin[]
  toString(): string
}
