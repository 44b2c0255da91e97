/** `muster scale`: sets how many workers there are, waits for them, and lets go. */
import { ShortfallError, SpecError } from "../../../errors.js"
import type { Duration } from "../../../spec.js"
import type { ScaleResult } from "../../../fleet/scaling/target.js"
import { attached, placedTarget } from "../../clusters.js"
import { EXIT, InterruptedError } from "../../exit-codes.js"
import { lettingGoText } from "../../going-on.js"
import { dataText, formatOf } from "../../output.js"
import { single } from "../../parse.js"
import { progressMode, progressOf } from "./progress.js"
import { providersAt } from "../../spec/places.js"
import { countsOf } from "../../spec/spec-flags.js"
import type { RunVerb } from "../../surroundings.js"
import { mayChange } from "../../taking-over.js"
import { requireJournal } from "../../state/writable.js"

export const run: RunVerb = async (given, surroundings) => {
  const format = formatOf(given, ["table", "json", "yaml"])
  progressMode(given)
  const [, ...counts] = given.words
  const count = countsOf(counts, "COUNT")
  if (count === undefined) {
    throw new SpecError([
      { option: "COUNT", message: "is missing; use: muster scale NAME 10, or GROUP=10 for each group" },
    ])
  }
  const target = await placedTarget(given, surroundings)
  await requireJournal(given, surroundings)
  const providers = await providersAt(target.places, surroundings)
  const { maxLifetime: _lifetime, maxLifetimeMs: _ms, existing: _existing, ...described } = target.spec
  const cluster = await attached(target, providers, given, surroundings, described)
  try {
    if (!(await mayChange(target, providers, given, surroundings))) return EXIT.failed
    const progress = await progressOf(cluster, given, surroundings)
    const timeout = single(given, "timeout") as Duration | undefined
    const goesOn = () => `${lettingGoText(cluster, target, providers, given)}\n`
    const signal = surroundings.interrupts?.(goesOn)
    let result: ScaleResult
    try {
      result = await cluster.scale(count, { ...(timeout && { timeout }), ...(signal && { signal }) })
    } catch (error) {
      progress.stop()
      const isLeft = error instanceof ShortfallError || error instanceof InterruptedError
      if (isLeft) surroundings.say(goesOn())
      throw error
    } finally {
      progress.stop()
    }
    const { desired, running } = result
    surroundings.out((await dataText(result, format, surroundings)) ?? `${running} of ${desired} run\n`)
    if (desired > 0) surroundings.say(goesOn())
    return EXIT.ok
  } finally {
    await cluster.detach()
  }
}
