/** Life: a process of a trial. Its machine's clock can be set, and it can be killed. */
import { type Clock, seededRandom } from "../../../src/calls/clock.js"
import { type Life, mortal } from "../../support/mortal.js"

export interface OwnerLife extends Life {
  /** Sets the machine's clock by so much, forward or back. */
  set(ms: number): void
  /** Kills it when it has begun so many more requests and pieces of work with files. */
  dieAfter(works: number): void
}

/** All are of machines that are one for their journals. */
const BOOTED_AT = Date.UTC(2025, 11, 24)

export function newLife(base: Clock, seed: number): OwnerLife {
  let aheadMs = 0
  let left = Number.POSITIVE_INFINITY
  const own: Clock = {
    now: () => base.now(),
    wall: () => base.now() + aheadMs,
    boot: () => ({ id: "the machine", ms: base.now() - BOOTED_AT }),
    random: seededRandom(seed),
    sleep: (ms, signal) => base.sleep(ms, signal),
    timer: (ms, fn) => base.timer(ms, fn),
    busy: (what, work) => base.busy(what, work),
    serve: (ms, signal) => base.serve(ms, signal),
    turn: (loop, woken) => base.turn?.(loop, woken),
  }
  const life = mortal(own, (edge, _what, self) => {
    if (edge !== "begin") return
    left -= 1
    if (left <= 0) self.die()
  })
  return {
    clock: life.clock,
    death: life.death,
    get isDead() {
      return life.isDead
    },
    die: () => life.die(),
    provider: (real) => life.provider(real),
    set: (ms) => {
      aheadMs += ms
    },
    dieAfter: (works) => {
      left = works
    },
  }
}
