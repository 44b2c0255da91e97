/** Verdicts: how the work of workers ended that end by themselves, by their consoles and tags. */
import { TimeoutError } from "../../errors.js"
import { readEndedTag, type Verdict, verdictOn } from "../../guest/marks.js"
import { withDeadline } from "../../calls/deadline.js"
import { type Fleet, fleetCalls } from "../state/context.js"
import { endsByItself, isOutOfQuestion, release } from "../state/held.js"
import { counts } from "../lifecycle.js"
import { TAG } from "../tags.js"
import { concludeEnd } from "../targets/work-ended.js"
import type { WorkerRecord } from "../roster/worker-record.js"

/** For so long, in milliseconds, an end is read, while nothing is launched in the worker's place. */
const READING_MS = 90_000
/** A console that has nothing yet is read once more after so long, in milliseconds: clouds publish some of it late. */
const AGAIN_MS = 30_000
/** The same where a tag has told the end already, and only the last lines are missing. */
const TAGGED_AGAIN_MS = 10_000

/**
 * Reads how the work of each worker ended that was found to have ended. Those of a place whose poll is in progress wait for its end,
 * which may explain it otherwise. Nothing waits for the reading.
 */
export function readVerdicts(fleet: Fleet): void {
  for (const worker of fleet.held) {
    if (worker.held?.isRead !== false || fleet.polls.get(worker.provider)?.inProgress !== undefined) continue
    const isBack = counts(worker.state) && worker.instance.tags[TAG.ended] === undefined
    if (isBack || !endsByItself(worker) || isOutOfQuestion(fleet, worker.group)) {
      release(fleet, worker)
      continue
    }
    worker.held.isRead = true
    void conclude(fleet, worker)
  }
}

async function conclude(fleet: Fleet, worker: WorkerRecord): Promise<void> {
  const late = () => new TimeoutError(`reading the console of ${worker.instance.id}`)
  const reading = withDeadline(fleet.clock, readVerdict(fleet, worker), READING_MS, late, fleet.signal)
  const verdict = await reading.catch(() => taggedVerdict(worker))
  concludeEnd(fleet, worker, verdict)
}

/** By the console; where that has nothing, by the tag, which has no output. */
async function readVerdict(fleet: Fleet, worker: WorkerRecord): Promise<Verdict | undefined> {
  const text = await consoleOf(fleet, worker)
  const first = verdictOn(text, fleet.owner.uid)
  // A console that cannot be read, or is kept nowhere, has nothing later either.
  const isSilent = worker.provider.consoleLog === undefined || (text === "" && taggedVerdict(worker) !== undefined)
  if (first !== undefined || isSilent) return first ?? taggedVerdict(worker)
  // A guest that has told its end by a tag is there for a while, and what it wrote before is on its way.
  await fleet.clock.sleep(taggedVerdict(worker) === undefined ? AGAIN_MS : TAGGED_AGAIN_MS, fleet.signal)
  return verdictOn(await consoleOf(fleet, worker), fleet.owner.uid) ?? taggedVerdict(worker)
}

/** "" where it cannot be read as well. */
async function consoleOf(fleet: Fleet, { provider, instance }: WorkerRecord): Promise<string> {
  return (await provider.consoleLog?.(instance, fleetCalls(fleet, provider)).catch(() => "")) ?? ""
}

function taggedVerdict({ instance }: WorkerRecord): Verdict | undefined {
  const tagged = readEndedTag(instance.tags[TAG.ended])
  return tagged === undefined ? undefined : { ...tagged, tail: "" }
}
