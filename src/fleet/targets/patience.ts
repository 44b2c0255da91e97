/** Patience: while a cloud could not be looked at, or this machine slept, nothing was heard of workers either: their silence says nothing. */
import type { WorkerRecord } from "../roster/worker-record.js"
import type { Fleet } from "../state/context.js"

/** Lists are begun more often, whatever goes on: in between nobody could look. In milliseconds. */
const UNSEEN_MS = 300_000
/** Who has become ready meanwhile, or healthy again, has so long to be heard. */
const AFTER_UNSEEN_MS = 60_000

/** Notes at each pass which clouds can be looked at again. */
export function noteSeen({ polls, clock }: Fleet): void {
  for (const poll of polls.values()) {
    const { listedAt, seenAt = listedAt } = poll
    if (seenAt > 0 && listedAt - seenAt > UNSEEN_MS) poll.patientUntil = clock.now() + AFTER_UNSEEN_MS
    poll.seenAt = listedAt
  }
}

/** Until when a worker is not ended for its silence, in milliseconds since 1970; infinite until its cloud can be looked at again. */
export function patientUntil({ polls, clock }: Fleet, { provider }: WorkerRecord): number {
  const { listedAt = 0, seenAt = 0, patientUntil = 0 } = polls.get(provider) ?? {}
  const isUnseen = clock.now() - listedAt > UNSEEN_MS || listedAt - seenAt > UNSEEN_MS
  return isUnseen ? Number.POSITIVE_INFINITY : patientUntil
}
