/** The script of what goes wrong: set by a test, a scenario or a user, read by the world at every request and birth. */
import type { FailureReason, Json, Offer, Scope } from "../../provider.js"
import { Draws } from "./draws.js"
import type { WorldErrorKind } from "../requests/world-error.js"

export type FailKind = Exclude<WorldErrorKind, "lost" | "cut" | "garbled">

/** A refusal: nothing is done, and the answer says why. */
export interface Failing {
  readonly error: FailKind
  /** The code in the answer; the kind itself when left out. */
  readonly code?: string
  readonly message?: string
  readonly retryAfterMs?: number
  /** What is short, of `capacity` and `quota`. */
  readonly scope?: Scope
}

/**
 * `lose-reply`: it is done, and no answer comes. `hang`: nothing is done, and no answer comes for an hour. `late`: it
 * is done, and the answer comes `ms` later. `cut-reply`, `garble-reply`: it is done, and the answer cannot be read.
 * `twice`: the network delivers it a second time, at once or `afterMs` later, and it is done again; one answer comes.
 */
export type Fault =
  | ({ readonly kind: "fail" } & Failing)
  | { readonly kind: "lose-reply" | "hang" | "cut-reply" | "garble-reply" }
  | { readonly kind: "late"; readonly ms: number }
  | { readonly kind: "twice"; readonly afterMs?: number }

/** How a boot fails: `terminated` ends the instance at once, `stuck` leaves it pending for ever. */
export interface BootFault extends Partial<EndReason> {
  readonly how?: "terminated" | "stuck"
}

/** How the startup of a guest ends, which goes on for ever otherwise. */
export interface StartupEnd {
  /** 0 when left out. */
  readonly exitCode?: number
  /** From when the instance runs, in milliseconds; 20 s when left out. */
  readonly afterMs?: number
  /** The last lines of its output; none when left out. */
  readonly tail?: string
}

/** How the check of a guest fails, which passes otherwise. */
export interface CheckFault {
  /** 1 when left out. */
  readonly exitCode?: number
  /** The last lines that it has written; none when left out. */
  readonly tail?: string
}

export interface Interrupting {
  /** At most so many; all that match when left out. */
  readonly count?: number
  /** Time from the notice to the end; the world's own when left out. */
  readonly noticeMs?: number
}

export interface Storm {
  /** The part of the spot instances that is taken away, 0 to 1. */
  readonly share: number
  readonly withinMs: number
  readonly scope?: Scope
  readonly noticeMs?: number
}

/** What the script needs of the world. */
export interface FaultTarget {
  now(): number
  random(): number
  setCapacity(scope: Scope, count: number): void
  interrupt(target: Scope | readonly string[], options: Interrupting): readonly string[]
  storm(storm: RunningStorm): void
}

export interface RunningStorm extends Storm {
  readonly from: number
  readonly until: number
}

interface Rule {
  readonly api: string
  readonly fault: Fault
  /** How many more requests it meets; Infinity for a rate. */
  left: number
  readonly probability: number
  readonly when?: (parameters: Json) => boolean
}

export class Faults {
  readonly #target: FaultTarget
  #rules: Rule[] = []
  readonly #boots: Draws<BootFault>
  readonly #startups: Draws<StartupEnd>
  readonly #checks: Draws<CheckFault>
  #storms: RunningStorm[] = []
  #listLagMs = 0

  constructor(target: FaultTarget) {
    this.#target = target
    const strikes = ({ probability }: { readonly probability: number }) => this.#strikes(probability)
    this.#boots = new Draws(strikes)
    this.#startups = new Draws(strikes)
    this.#checks = new Draws(strikes)
  }

  /**
   * The next `times` (1) requests to `api` ("*": any) are refused. `when` narrows it to requests with such parameters.
   */
  fail(
    api: string,
    failing: Failing & { readonly times?: number; readonly when?: (parameters: Json) => boolean },
  ): void {
    const { times = 1, when, ...words } = failing
    this.#script(api, { kind: "fail", ...words }, times, when)
  }

  /** The next `times` requests are done, and their callers never hear of it. */
  loseReply(api: string, times = 1): void {
    this.#script(api, { kind: "lose-reply" }, times)
  }

  /** The next `times` answers come `ms` later. */
  answerLate(api: string, ms: number, times = 1): void {
    this.#script(api, { kind: "late", ms }, times)
  }

  /** The next `times` requests are not done and not answered: only the caller's own deadline ends them. */
  hang(api: string, times = 1): void {
    this.#script(api, { kind: "hang" }, times)
  }

  /** The next `times` answers break off half way. */
  cutReply(api: string, times = 1): void {
    this.#script(api, { kind: "cut-reply" }, times)
  }

  /** The next `times` answers are not what the protocol allows. */
  garbleReply(api: string, times = 1): void {
    this.#script(api, { kind: "garble-reply" }, times)
  }

  /** The next `times` requests arrive twice, the second time `afterMs` later; their callers hear of it once. */
  deliverTwice(api: string, afterMs = 0, times = 1): void {
    this.#script(api, { kind: "twice", afterMs }, times)
  }

  /**
   * From now on each request to `api` meets this fault with this probability, drawn from the world's seed; with `when`, of
   * those with such parameters.
   */
  rate(api: string, probability: number, fault: Fault, when?: (parameters: Json) => boolean): void {
    const of = when === undefined ? {} : { when }
    this.#rules.push({ api, fault, left: Number.POSITIVE_INFINITY, probability, ...of })
  }

  /** What happens from now on is seen in lists at least `ms` later; 0 ends it. */
  lagLists(ms: number): void {
    this.#listLagMs = ms
  }

  /** Nothing more can be made in scope; what runs there stays. */
  emptyPool(scope: Scope): void {
    this.#target.setCapacity(scope, 0)
  }

  /** Gives notice to instances, by id or by scope (spot ones, unless the scope names a market). Returns their ids. */
  interrupt(target: Scope | readonly string[], options: Interrupting = {}): readonly string[] {
    return this.#target.interrupt(target, options)
  }

  /** Takes away a share of the spot instances, those that run and those to come, at moments spread over a time. */
  storm(storm: Storm): void {
    const from = this.#target.now()
    const running = { ...storm, from, until: from + storm.withinMs }
    this.#storms.push(running)
    this.#target.storm(running)
  }

  /** The next `times` instances made in scope fail to boot. */
  failBoots(times: number, scope: Scope = {}, fault: BootFault = {}): void {
    this.#boots.add({ scope, outcome: fault, left: times, probability: 1 })
  }

  /** From now on each instance made in scope fails to boot with this probability. */
  rateBoots(probability: number, scope: Scope = {}, fault: BootFault = {}): void {
    this.#boots.add({ scope, outcome: fault, left: Number.POSITIVE_INFINITY, probability })
  }

  /** Boots from now on fail no more. */
  healBoots(): void {
    this.#boots.clear()
  }

  /** The startups of the next `times` instances made in scope end; of what has no startup, nothing does. */
  endStartups(times: number, scope: Scope = {}, end: StartupEnd = {}): void {
    this.#startups.add({ scope, outcome: end, left: times, probability: 1 })
  }

  /** From now on the startup of each instance made in scope ends with this probability. */
  rateStartups(probability: number, scope: Scope = {}, end: StartupEnd = {}): void {
    this.#startups.add({ scope, outcome: end, left: Number.POSITIVE_INFINITY, probability })
  }

  /** The checks of the next `times` instances made in scope never pass; of what has none, nothing does. */
  failChecks(times: number, scope: Scope = {}, fault: CheckFault = {}): void {
    this.#checks.add({ scope, outcome: fault, left: times, probability: 1 })
  }

  /** From now on the check of each instance made in scope never passes with this probability. */
  rateChecks(probability: number, scope: Scope = {}, fault: CheckFault = {}): void {
    this.#checks.add({ scope, outcome: fault, left: Number.POSITIVE_INFINITY, probability })
  }

  /** Forgets everything scripted. Capacity and notices already given stay. */
  clear(): void {
    this.#rules = []
    this.#boots.clear()
    this.#startups.clear()
    this.#checks.clear()
    this.#storms = []
    this.#listLagMs = 0
  }

  /** For the world: the least lag of lists now. */
  get listLagMs(): number {
    return this.#listLagMs
  }

  /** For the world: what this request meets. The first rule that applies wins and is used up by one. */
  next(api: string, parameters: Json): Fault | undefined {
    const rule = this.#rules.find(
      (candidate) =>
        (candidate.api === "*" || candidate.api === api) &&
        (candidate.when?.(parameters) ?? true) &&
        this.#strikes(candidate.probability),
    )
    if (rule === undefined) return undefined
    rule.left -= 1
    if (rule.left <= 0) this.#rules = this.#rules.filter((other) => other !== rule)
    return rule.fault
  }

  /** For the world: how this instance's boot fails, if it does. */
  nextBoot(offer: Offer): BootFault | undefined {
    return this.#boots.next(offer)
  }

  /** For the world: how this instance's startup ends, if it does. */
  nextStartup(offer: Offer): StartupEnd | undefined {
    return this.#startups.next(offer)
  }

  /** For the world: how this instance's check fails, if it does. */
  nextCheck(offer: Offer): CheckFault | undefined {
    return this.#checks.next(offer)
  }

  /** For the world: the storms that an instance made now will meet. */
  stormsAt(now: number): readonly RunningStorm[] {
    if (this.#storms.length > 0) this.#storms = this.#storms.filter((storm) => storm.until > now)
    return this.#storms
  }

  /** A rule that always applies draws nothing: adding it leaves the luck of the others as it was. */
  #strikes(probability: number): boolean {
    return probability >= 1 || this.#target.random() < probability
  }

  #script(api: string, fault: Fault, times: number, when?: Rule["when"]): void {
    if (times <= 0) return
    this.#rules.push({ api, fault, left: times, probability: 1, ...(when === undefined ? {} : { when }) })
  }
}

/** Why an instance ended by itself. */
export interface EndReason {
  readonly reason: FailureReason
  readonly code: string
  readonly message: string
}
