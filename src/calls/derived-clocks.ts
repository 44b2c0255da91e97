/** Derived clocks: a clock with another speed, or with its own random sequence. */
import { type Clock, seededRandom, wallAheadMs } from "./clock.js"

/**
 * A clock whose time goes `speed` times as fast as `clock`'s, from now on: boots of minutes take seconds. The user cannot set it,
 * so that it has no `wall`.
 */
export function acceleratedClock(clock: Clock, speed: number): Clock {
  const start = clock.now()
  return {
    speed: speed * (clock.speed ?? 1),
    now: () => start + (clock.now() - start) * speed,
    random: () => clock.random(),
    sleep: (ms, signal) => clock.sleep(ms / speed, signal),
    timer: (ms, fn) => clock.timer(ms / speed, fn),
    busy: (what, work) => clock.busy(what, work),
    serve: (ms, signal) => clock.serve(ms / speed, signal),
    turn: (loop, woken) => clock.turn?.(loop, woken),
  }
}

/** A clock with the same time and a random sequence of its own, fixed by `seed`. */
export function seededClock(clock: Clock, seed: number): Clock {
  const random = seededRandom(seed)
  return {
    now: () => clock.now(),
    wall: () => clock.now() + wallAheadMs(clock),
    boot: () => clock.boot?.(),
    random,
    sleep: (ms, signal) => clock.sleep(ms, signal),
    timer: (ms, fn) => clock.timer(ms, fn),
    busy: (what, work) => clock.busy(what, work),
    serve: (ms, signal) => clock.serve(ms, signal),
    turn: (loop, woken) => clock.turn?.(loop, woken),
    ...(clock.isReal === undefined ? {} : { isReal: clock.isReal }),
    ...(clock.speed === undefined ? {} : { speed: clock.speed }),
  }
}
