/** What the suite is given to test a provider with. */
import type { Clock } from "../../src/calls/clock.js"
import type { Calls, GroupRequest, Instance, OfferQuery, Provider } from "../../src/provider.js"

export interface CallOptions {
  readonly signal?: AbortSignal
  readonly readOnly?: boolean
}

/** An instance that the provider under test did not make, in the same account and region. */
export interface ForeignInstance {
  readonly id: string
  /** Whether it still runs, read without the provider under test. */
  alive(): Promise<boolean>
}

/** What goes wrong with the next request of any kind. All but `loseReply` leave the cloud unchanged. */
export interface FaultHooks {
  /** It is done, and its answer never comes. */
  loseReply(): void
  /** It is not done and never answered. */
  hang(): void
  /** It is refused in the cloud's own words for this. */
  fail(kind: FailKind): void
}

export type FailKind = "throttled" | "transient" | "capacity" | "quota" | "rejected" | "auth"

/** One provider, ready to be tested. Made anew for every promise; two may exist at once. */
export interface Subject {
  readonly provider: Provider
  /** `systemClock` for what really runs, a `VirtualClock` for what is simulated. */
  readonly clock: Clock
  /** Lets time pass until the promise is settled: a virtual clock's `run`. Not needed on the system clock. */
  run?<T>(promise: Promise<T>): Promise<T>
  /** Bare calls when left out. */
  calls?(options: CallOptions): Calls
  /** What the tests may launch; the cheapest of the provider's first market when left out. */
  readonly query?: OfferQuery
  /** What the groups of the tests need beside their names: an image, a startup script. */
  readonly group?: Partial<GroupRequest>
  /** How many instances an ordinary test launches; 3 when left out. */
  readonly count?: number
  /** How many instances the tests of many launch: above one page and batch, where affordable; 12 when left out. */
  readonly bulk?: number
  /** For how long a test waits for anything, in milliseconds; five minutes when left out. */
  readonly deadlineMs?: number
  /** Another provider object for the same account and region: what a new process would have. */
  another?(): Provider
  /** An instance that looks like this one and never was. The default changes the end of id and name. */
  unknown?(like: Instance): Instance
  /** Whether TCP from an address gets to a port of an instance, by the cloud's own rules. Asked where the provider controls access. */
  isOpen?(instance: Instance, port: number, from: string): boolean
  /** Makes an instance that is not ours, with tags of somebody else's. */
  foreign?(): Promise<ForeignInstance>
  /** Without it answers are lost by the calls themselves, and what else needs a fault must be skipped with a reason. */
  readonly faults?: FaultHooks
  /** After the test, when everything that it launched is gone. */
  close?(): Promise<void>
}

export type SubjectFactory = () => Subject | Promise<Subject>
