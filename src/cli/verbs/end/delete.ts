/** `muster delete NAME`: ends one cluster, whichever process owns it. */
import { wallAheadMs } from "../../../calls/clock.js"
import { Cluster } from "../../../cluster.js"
import { secondsOf } from "../../../fleet/leftovers/pending-launches.js"
import { windowMs as arrivalWindowMs } from "../../../fleet/state/windows.js"
import { closeHistories } from "../../../history/close.js"
import { nearest } from "../../../input/parse.js"
import type { Duration } from "../../../spec.js"
import type { SweepRow } from "../../../verbs/removals.js"
import { NothingThereError } from "../../exit-codes.js"
import { journalDirectoryIfAny } from "../../local-state.js"
import { single } from "../../parse.js"
import { providersAt } from "../../spec/places.js"
import { targetOf } from "../../spec/target.js"
import { removeChosen } from "./removing.js"
import type { RunVerb } from "../../surroundings.js"
import { holderSeen, holderText } from "../../taking-over.js"

export const run: RunVerb = async (given, surroundings) => {
  const [name = ""] = given.words
  const timeout = single(given, "timeout")
  const { owner, places: named } = await targetOf(given, name, surroundings)
  const provider = await providersAt(named, surroundings)
  const spec = { provider, name, owner, ...(timeout === undefined ? {} : { timeout: timeout as Duration }) }
  const { clock } = surroundings
  const held = async () => {
    const holder = await holderSeen({ name, owner }, provider, given, surroundings)
    return holder === undefined ? undefined : holderText(holder, clock.now() + wallAheadMs(clock))
  }
  const ifNothing = async () => {
    const there = (await Cluster.list({ provider, owner }, { clock })).map((cluster) => cluster.name)
    const near = nearest(name, there)
    const hint = near === undefined ? "look with muster list" : `did you mean "${near}"?`
    const places = provider.map((place) => `${place.name} ${place.region}`).join(", ")
    const windowMs = Math.max(...provider.map(({ limits }) => arrivalWindowMs(limits)))
    const late = `what was launched within the last ${secondsOf(windowMs)} may not be listed yet`
    throw new NothingThereError(`nothing in ${places} is of a cluster "${name}" of owner "${owner}"; ${hint}; ${late}`)
  }
  const removed = async (rows: readonly SweepRow[]) => {
    const journal = journalDirectoryIfAny(given, surroundings)
    if (journal !== undefined) await clock.busy("ending the history", closeHistories(rows, { journal, clock }))
  }
  return removeChosen(spec, given, surroundings, ifNothing, held, removed)
}
