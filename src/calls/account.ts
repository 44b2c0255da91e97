/** Account: what all that works with one account of a cloud shares in this process. */
import type { Limits } from "../provider.js"
import { Buckets } from "./buckets.js"
import type { Clock } from "./clock.js"
import { CloudTime } from "./cloud-time.js"
import { RetryBudget } from "./retry.js"

/** How an api of an account stands: how often in a row it has throttled, and how often it has answered anything else. */
export interface Standing {
  throttles: number
  answers: number
}

/** The limits of one account: buckets, retry budget, and how each of its apis stands. */
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

/** Counts throttled answers to one request, from the beginning whenever the api has done something for anybody. */
export function throttleRow(standing: Standing, most = Number.POSITIVE_INFINITY) {
  let count = 0
  let { answers } = standing
  return {
    /** @param again whether it is this request that finds out whether there is more to be had; others end a little earlier. */
    isOver: (again: () => boolean = () => true) => {
      count = standing.answers === answers ? count + 1 : 1
      answers = standing.answers
      return count >= most || (count >= most - 1 && most < Number.POSITIVE_INFINITY && !again())
    },
  }
}
