/**
 * Way: whether it is the head that is silent, or this process that reaches nobody: its address may have changed, or its network be gone.
 */
import { firstOf } from "../../calls/aborts.js"
import { TimeoutError } from "../../errors.js"
import type { WorkerRecord } from "../../fleet/roster/worker-record.js"
import type { Fleet } from "../../fleet/state/context.js"
import { workerGroups } from "../../fleet/state/engine/head.js"
import type { Verdict } from "../../guest/marks.js"
import { endOfGuest } from "./head-words.js"

/** A guest that has taken so long for its answer has not answered, in milliseconds. */
const ANSWER_MS = 10_000

/** Where the head's guest does not answer, so many other workers are asked. */
const MOST_ASKED = 3

export interface Heard {
  /** What the head ran has ended. */
  readonly end?: Verdict
  /** The head's machine answers, or another worker does on the same way, or none is needed. */
  readonly isWayOpen: boolean
}

/** Asks the head's guest whether its work has ended, and where that does not answer whether anybody does. */
export async function askGuests(fleet: Fleet, head: WorkerRecord): Promise<Heard> {
  try {
    const end = await inTime(fleet, head)
    return { isWayOpen: true, ...(end === undefined ? {} : { end }) }
  } catch {
    return { isWayOpen: !isOverSsh(head) || (await isAnybodyThere(fleet)) }
  }
}

export function isOverSsh({ provider, instance }: WorkerRecord): boolean {
  return provider.route?.(instance)?.kind === "ssh"
}

async function isAnybodyThere(fleet: Fleet): Promise<boolean> {
  const others = workerGroups(fleet).flatMap(([name]) => [...fleet.roster.inGroup(name).in("running")])
  const asked = others.slice(0, MOST_ASKED).map((worker) => inTime(fleet, worker))
  return Promise.any(asked).then(
    () => true,
    () => false,
  )
}

async function inTime(fleet: Fleet, worker: WorkerRecord): Promise<Verdict | undefined> {
  const { clock, signal } = fleet
  const late = new AbortController()
  const cancel = clock.timer(ANSWER_MS, () => late.abort(new TimeoutError("its guest does not answer")))
  const over = firstOf(signal, late.signal)
  try {
    return await endOfGuest(fleet, worker, over.signal)
  } finally {
    cancel()
    over.letGo()
  }
}
