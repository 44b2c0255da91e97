/** Patience: which failures to reach a server pass by themselves, and for how long they are worth another try. */
import { firstOf } from "../../calls/aborts.js"
import type { Clock } from "../../calls/clock.js"
import { AuthError, HostKeyError, TimeoutError, TransientError } from "../../errors.js"

/** A server that is busy, or has only just started, hangs up or refuses: it is asked again after these pauses, in milliseconds. */
const PAUSES_MS = [250, 1000, 4000] as const
/** What may still be booting is asked again so often, in milliseconds. */
const YOUNG_PAUSE_MS = 2000

export class Patience {
  readonly #youngUntil: number
  readonly #clock: Clock
  readonly #signals: readonly AbortSignal[]
  #tries = 0

  /**
   * @param place.youngUntil by the clock: before it, a server that takes no connection, or does not know our key, is not up yet.
   * @param signals end the waiting.
   */
  constructor({ youngUntil = 0 }: { readonly youngUntil?: number }, clock: Clock, signals: readonly AbortSignal[]) {
    this.#youngUntil = youngUntil
    this.#clock = clock
    this.#signals = signals
  }

  /** Whether to try again after that error; resolves when it is time. @throws the signal's reason. */
  async again(error: unknown): Promise<boolean> {
    const isYoung = this.#clock.now() < this.#youngUntil
    if (!(error instanceof TransientError) && !(isYoung && comesWithBoot(error))) return false
    const pauseMs = isYoung
      ? Math.min(PAUSES_MS[this.#tries] ?? YOUNG_PAUSE_MS, YOUNG_PAUSE_MS)
      : PAUSES_MS[this.#tries]
    this.#tries += 1
    if (pauseMs === undefined) return false
    const { signal, letGo } = firstOf(...this.#signals)
    await this.#clock.sleep(pauseMs, signal).finally(letGo)
    return true
  }
}

/** A guest plants the key and proves its host keys a while after its sshd has begun to answer. */
function comesWithBoot(error: unknown): boolean {
  const isUnproven = error instanceof HostKeyError && error.known.length === 0
  return isUnproven || error instanceof AuthError || error instanceof TimeoutError
}
