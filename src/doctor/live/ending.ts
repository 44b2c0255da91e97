/** Ending: machines of a walk are told to end, and what no answer has told of is looked for. */
import { MusterError } from "../../errors.js"
import { windowMs } from "../../fleet/state/windows.js"
import { TAG } from "../../fleet/tags.js"
import type { Calls, Instance } from "../../provider.js"
import { look } from "./machines.js"
import type { WalkSite } from "./site.js"
import type { Followed, OpenCall } from "./witness.js"

/** An end that is not accepted is asked for so often. */
const ENDINGS = 3

/** Machines could not be ended: no others may be made. */
export class StuckError extends MusterError {}

/** Tells them to end; those that were accepted have `endedAt`. @throws StuckError where it is refused; the signal's reason. */
export async function endThese(site: WalkSite, calls: Calls, workers: readonly Followed[]): Promise<void> {
  const { witness, clock, signal, provider } = site
  const open = () => workers.filter(({ goneAt, endedAt }) => goneAt === undefined && endedAt === undefined)
  let why = ""
  for (let number = 1; number <= ENDINGS && open().length > 0; number += 1) {
    if (number > 1) await clock.sleep(provider.limits.look.everyMs, signal)
    const asked = open()
    const at = witness.now()
    const { value, error } = await witness.watch(signal, () => provider.terminate(asked.map(instanceOf), calls))
    const accepted = value?.accepted.map(({ id }) => id) ?? []
    for (const worker of asked) if (accepted.includes(worker.made.id)) worker.endedAt = at
    site.journal?.ended(accepted)
    const [first] = value?.failures ?? []
    why = error?.message ?? (first === undefined ? "it was not accepted" : `${first.code}: ${first.message}`)
  }
  const stuck = open().map(({ made }) => made.id)
  if (stuck.length > 0) throw new StuckError(`could not end ${stuck.join(", ")}: ${why}`)
}

function instanceOf({ instance }: Followed): Instance {
  return instance
}

/** What nobody meant to make must not stay beside the next machines. */
export async function endStrays({ witness, provider, signal }: WalkSite, calls: Calls): Promise<void> {
  const strays = witness.livingStrays()
  if (strays.length === 0) return
  const others = strays.filter(({ id }) => !witness.beside.has(id)).map(idOf)
  if (others.length > 0)
    witness.problem(`${others.length} machines were there that nobody had meant to make: ${others.join(", ")}`)
  const { error } = await witness.watch(signal, () => provider.terminate(strays, calls))
  if (error !== undefined) witness.problem(`ending ${strays.map(idOf).join(", ")}: ${error.message}`)
}

function idOf({ id }: Instance): string {
  return id
}

/**
 * Looks until nothing more can come of launch calls without an answer, or of what looks make, and ends what comes. Throws nothing but the
 * signal's reason.
 *
 * @returns false where the time was over before a list could show what had come: it may be there.
 */
export async function endUnanswered(site: WalkSite, calls: Calls): Promise<boolean> {
  const { witness, clock, signal, provider } = site
  let isKnown = true
  const isOver = () => witness.open.size === 0 && witness.coming.size === 0
  while (!isOver()) {
    const begun = witness.now()
    await look(site, witness.watching(calls, signal))
    for (const open of witness.open.values()) {
      const { value: isSettled = false } = await witness.watch(signal, () => isOverAt(site, calls, open, begun))
      if (!isSettled) continue
      isKnown &&= isNewer(witness, begun)
      witness.open.delete(open.call.token)
      site.journal?.outcome(open.call.token, "given-up")
    }
    // Also where no list has come.
    witness.over(begun, provider.limits)
    await endStrays(site, calls)
    if (!isOver()) await clock.sleep(provider.limits.look.everyMs, signal)
  }
  return isKnown
}

/** What is asked for in vain is waited for as long as operations take at most. */
const GIVEN_UP_MS = 5 * 60_000

/** Whether there is a list since then. */
function isNewer({ sights }: Pick<WalkSite["witness"], "sights">, begun: number): boolean {
  return (sights.at(-1)?.at ?? Number.NEGATIVE_INFINITY) >= begun
}

async function isOverAt(
  { witness, provider }: WalkSite,
  calls: Calls,
  open: OpenCall,
  begun: number,
): Promise<boolean> {
  const { call, sentAt, ref } = open
  if (begun >= sentAt + GIVEN_UP_MS) return true
  const seen = witness.sights.at(-1)
  const isNew = isNewer(witness, begun)
  const made = (seen?.instances ?? []).filter(({ tags }) => tags[TAG.launch] === call.token)
  if (isNew && made.length >= call.count) return true
  const canFind = isNew && begun >= sentAt + windowMs(provider.limits)
  if (ref === undefined && !canFind) return false
  const found = await (ref === undefined ? provider.find?.(call, calls) : provider.settle(call, ref, calls))
  // Lists may not show them yet.
  for (const instance of found?.instances ?? []) witness.meet(instance, provider.limits)
  return found === undefined || found.settled
}
