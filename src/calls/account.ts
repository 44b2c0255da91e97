/** Account: the state that all clusters of this process share for one account of a cloud. */
import type { Limits } from "../provider.js"
import { Buckets } from "./buckets.js"
import type { Clock } from "./clock.js"
import { CloudTime } from "./cloud-time.js"
import { RetryBudget } from "./retry.js"

/** The counts of one API of an account: throttles in a row, and all other answers. */
export interface Standing {
  throttles: number
  answers: number
}

/** One account: its buckets, its retry budget, the counts of each API, and the skew of the cloud's clock. */
export interface Account {
  readonly buckets: Buckets
  readonly budget: RetryBudget
  readonly apis: Map<string, Standing>
  readonly time: CloudTime
}

const accounts = new WeakMap<Clock, Map<string, Account>>()

/** The account's limits, shared by everything in this process that works with it under this clock. */
export function accountOf(clock: Clock, limits: Pick<Limits, "account" | "buckets">): Account {
  const known = accounts.get(clock) ?? new Map<string, Account>()
  accounts.set(clock, known)
  let account = known.get(limits.account)
  if (account === undefined) {
    const buckets = new Buckets(clock, limits.buckets)
    account = { buckets, budget: new RetryBudget(), apis: new Map(), time: new CloudTime() }
    known.set(limits.account, account)
  }
  account.buckets.add(limits.buckets)
  return account
}

export function standingOf({ apis }: Account, api: string): Standing {
  const known = apis.get(api) ?? { throttles: 0, answers: 0 }
  apis.set(api, known)
  return known
}

export function noteAnswer(standing: Standing): void {
  standing.throttles = 0
  standing.answers += 1
}

/** Counts the throttled answers to one request. The count begins again whenever the API has answered any caller. */
export function throttleRow(standing: Standing, most = Number.POSITIVE_INFINITY) {
  let count = 0
  let { answers } = standing
  return {
    /** @param again whether this request is the one that probes the API; the other requests stop one attempt earlier. */
    isOver: (again: () => boolean = () => true) => {
      count = standing.answers === answers ? count + 1 : 1
      answers = standing.answers
      return count >= most || (count >= most - 1 && most < Number.POSITIVE_INFINITY && !again())
    },
  }
}
