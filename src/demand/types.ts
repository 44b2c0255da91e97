/** Demand: how many workers the work wants, as users say it. */
import type { Duration } from "../spec/types.js"

/** What one reading of the demand says. */
export interface Wanted {
  /** How many workers could be at work now, those that are included: whole ones are asked for, so that 2.1 are 3. */
  readonly workers: number
  /**
   * For how many seconds one worker alone would be at work with all that there is to do now, an estimate. Then workers are launched only
   * for work that is still there once they have booted. Left out: the work is taken to outlast a boot.
   */
  readonly seconds?: number
}

/**
 * Says how many workers the work wants now.
 *
 * @param context.signal aborts when nobody waits for the answer any more.
 * @returns a number of workers, or that and how much work there is.
 */
export type Demand = (context: { readonly signal: AbortSignal }) => number | Wanted | Promise<number | Wanted>

/** A command of this machine that prints the demand: a number, or `{"workers": 3, "seconds": 240}`. */
export interface DemandCommand {
  /** A text is for `sh -c`; a list is a program and its arguments, which no shell reads. */
  readonly command: string | readonly string[]
  /** How long it may take; "30s" by default. */
  readonly timeout?: Duration
}

export interface AdaptOptions {
  /** The fewest workers, whatever the demand is; 0 by default. */
  readonly minimum?: number
  /** The most workers, whatever the demand is. Those on their way out count until they are gone. */
  readonly maximum: number
  /** What the work wants. Left out: the engine of the cluster tells it. */
  readonly demand?: Demand | DemandCommand
  /** From one reading of the demand to the next: "5s" by default, "1s" at least. */
  readonly every?: Duration
  /** `false`: no worker is ended because less is wanted, for workers that end by themselves (`whenDone: "end"`); true by default. */
  readonly shrink?: boolean
}

/** A cluster, or a group of it, that follows a demand. */
export interface Adapting {
  /** How many workers it wants now, of all groups that it adapts. */
  readonly target: number
  /** The same by group. */
  readonly targets: Readonly<Record<string, number>>
  /** Ends it: workers and targets stay as they are. */
  stop(): void
}

/** How a group follows its demand, as `explain` and events tell it. */
export interface AdaptState {
  readonly minimum: number
  readonly maximum: number
  readonly target: number
  /** What the last reading wanted; left out before the first. */
  readonly wanted?: number
  /** Why the target is what it is. */
  readonly why: string
  /** Why the demand is not known now; the target stays meanwhile. */
  readonly problem?: string
  /** Since when that is so, in milliseconds since 1970. */
  readonly problemSince?: number
}
