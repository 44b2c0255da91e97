/** Draw: what the attempts of one request take of the account's buckets, and what a throttle does to them. */
import type { ThrottledError } from "../errors.js"
import type { Bucket, Cost } from "../provider.js"
import type { Buckets, TakeOptions } from "./buckets.js"

export class Draw {
  readonly #buckets: Buckets
  readonly #limits: Readonly<Record<string, Bucket>>
  readonly #cost: Cost
  /** An earlier request with the same token has drawn the units of instances, and may have made them. */
  readonly #isInherited: boolean
  #isDrawn: boolean
  #giveBack = () => {}

  constructor(
    { buckets }: { readonly buckets: Buckets },
    limits: Readonly<Record<string, Bucket>>,
    cost: Cost,
    isInherited = false,
  ) {
    this.#buckets = buckets
    this.#limits = limits
    this.#cost = cost
    this.#isInherited = isInherited
    this.#isDrawn = isInherited
  }

  /**
   * Waits for what the next attempt draws. Units that count the instances that come of a request are drawn once for all its
   * attempts: an attempt that made them makes no others when it is sent again with its token, and one that made none has left
   * them where they were.
   *
   * @returns gives the concurrency units back. The next attempt, or a throttle, does the same: a request that waits for its own
   * units would wait for ever.
   */
  async take(options: TakeOptions): Promise<() => void> {
    this.#giveBack()
    const release = await this.#buckets.take(this.#left(), options)
    this.#isDrawn = true
    this.#giveBack = release
    return release
  }

  /**
   * Refused for its pace: holds back everybody who draws on the buckets that ran dry.
   *
   * @param ms for so long.
   * @param isUndone no attempt may have made anything: the units of instances are as they were.
   * @returns how long the request itself has to wait, in milliseconds, where no bucket makes it wait.
   */
  throttled({ bucket, limit }: ThrottledError, ms: number, isUndone: boolean): number {
    this.#giveBack()
    if (isUndone && this.#isDrawn && !this.#isInherited) {
      this.#buckets.spare(this.#cost, Number.POSITIVE_INFINITY)
      this.#isDrawn = false
    }
    const left = this.#left()
    const names = bucket === undefined ? Object.keys(left) : [bucket]
    this.#buckets.stop(names, ms)
    if (bucket !== undefined) this.#buckets.narrow(bucket, limit)
    // A request that draws on none of these is not held back by them.
    const isHeldBack = names.some((name) => (left[name] ?? 0) > 0 && name in this.#limits)
    return isHeldBack ? 0 : ms
  }

  #left(): Cost {
    if (!this.#isDrawn) return this.#cost
    return Object.fromEntries(Object.entries(this.#cost).filter(([name]) => !isByOutcome(this.#limits[name])))
  }
}

function isByOutcome(bucket: Bucket | undefined): boolean {
  return bucket?.kind === "token" && bucket.byOutcome === true
}
