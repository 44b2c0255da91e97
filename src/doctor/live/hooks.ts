/** Hooks: what a cloud looks at in the life of a walk's machines, each with a deadline. */
import { TimeoutError } from "../../errors.js"
import type { WalkStage } from "../../provider.js"
import type { WalkSite } from "./site.js"
import { endsAfter } from "./witness.js"

/** No look at one thing takes longer, in milliseconds: machines are paid for meanwhile. */
const HOOK_WITHIN_MS = 90_000

/** A hook that throws has seen what it has seen, and so has one that hangs. Throws nothing but the signal's reason. */
export async function hook(
  site: WalkSite,
  stage: WalkStage,
  doing: string,
  look: ((stage: WalkStage) => Promise<void> | undefined) | undefined,
): Promise<void> {
  if (look === undefined) return
  const { witness, clock, provider } = site
  const seconds = HOOK_WITHIN_MS / 1000
  const late = () => new TimeoutError(`it took longer than ${seconds} s`)
  const { signal, done } = endsAfter(clock, { signal: site.signal, ms: HOOK_WITHIN_MS, reason: late })
  try {
    site.signal.throwIfAborted()
    const work = Promise.resolve().then(() => look(witness.limited(stage, provider.limits, signal)))
    await Promise.race([work, rejectsWith(signal, work)])
  } catch (thrown) {
    site.signal.throwIfAborted()
    witness.problem(`${doing}: ${thrown instanceof Error ? thrown.message : String(thrown)}`)
  } finally {
    done()
  }
}

/** What the work throws after that is nobody's any more. */
function rejectsWith(signal: AbortSignal, work: Promise<void>): Promise<never> {
  work.catch(() => {})
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true })
  })
}
