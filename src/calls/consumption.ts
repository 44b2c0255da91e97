/** Consumption: the units of the account's buckets that the attempts of one request consume, and how a throttle changes them. */
import type { ThrottledError } from "../errors.js"
import type { Bucket, Cost } from "../provider.js"
import type { Buckets, TakeOptions } from "./buckets.js"

export class Consumption {
  readonly #buckets: Buckets
  readonly #limits: Readonly<Record<string, Bucket>>
  readonly #cost: Cost
  /** An earlier request with the same token has consumed the units of instances, and may have created them. */
  readonly #isInherited: boolean
  #isConsumed: boolean
  #release = () => {}

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
    this.#isConsumed = isInherited
  }

  /**
   * Waits for the units of the next attempt. Units that count created instances are consumed once for all attempts of a request:
   * an attempt that created the instances creates no others when it is sent again with its token, and an attempt that created
   * none has not used them.
   *
   * @returns a function that releases the concurrency units. The next attempt and a throttle release them too: a request that
   * waits for its own units would wait for ever.
   */
  async take(options: TakeOptions): Promise<() => void> {
    this.#release()
    const release = await this.#buckets.take(this.#remaining(), options)
    this.#isConsumed = true
    this.#release = release
    return release
  }

  /**
   * Records a throttle: stops the empty buckets for all requests that consume their units.
   *
   * @param ms for how long, in milliseconds.
   * @param isUndone no attempt can have created anything: the units of instances are given back.
   * @returns how long the request itself has to wait, in milliseconds; 0 where a bucket delays it.
   */
  throttled({ bucket, limit }: ThrottledError, ms: number, isUndone: boolean): number {
    this.#release()
    if (isUndone && this.#isConsumed && !this.#isInherited) {
      this.#buckets.refund(this.#cost, Number.POSITIVE_INFINITY)
      this.#isConsumed = false
    }
    const left = this.#remaining()
    const names = bucket === undefined ? Object.keys(left) : [bucket]
    this.#buckets.stop(names, ms)
    if (bucket !== undefined) this.#buckets.narrow(bucket, limit)
    // A request that consumes units of none of these buckets is not delayed by them.
    const isDelayed = names.some((name) => (left[name] ?? 0) > 0 && name in this.#limits)
    return isDelayed ? 0 : ms
  }

  #remaining(): Cost {
    if (!this.#isConsumed) return this.#cost
    return Object.fromEntries(Object.entries(this.#cost).filter(([name]) => !isByOutcome(this.#limits[name])))
  }
}

function isByOutcome(bucket: Bucket | undefined): boolean {
  return bucket?.kind === "token" && bucket.byOutcome === true
}
