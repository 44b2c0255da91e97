/** Sweep: removes what nobody needs any more, from tags and this machine's journals, wherever the process that made it is. */
import type { Clock } from "../../calls/clock.js"
import type { Provider } from "../../provider.js"
import { messageOf } from "../context.js"
import { defaultJournalDirectory } from "../journal/journal.js"
import { resolveProviders } from "../opening/open.js"
import type { Why } from "./orphans.js"
import { awaiting } from "./awaiting.js"
import { chosenInstances, chosenLeftovers, isWhole, lookAt, type Sweeping } from "./choosing.js"
import { removeLeftovers } from "./clearing.js"
import { endUnheld } from "./ending.js"
import { inTime } from "./in-time.js"
import { type Journals, journalsOf } from "./journals.js"
import { placeOf, type Remain } from "./remains.js"
import type { ResolvedSweep } from "../../session/verbs.js"
import { endWhole, expecting, launchRow, type Seen } from "./whole.js"

/**
 * What kept a thing from being removed. `refused`: it could not be told to go. `unconfirmed`: it was told, and had not gone when
 * the time to wait was over. `relaunched`: a process that lives launched it meanwhile. `coming`: no instance yet, but a launch
 * call that may still make some. `unanswered`: its place could not be looked at, or not to the end.
 */
export type Hindrance = "refused" | "unconfirmed" | "relaunched" | "coming" | "unanswered"

/** One thing that was removed, would be, or could not be. */
export interface SweepRow extends Remain {
  readonly why: Why
  readonly removed: boolean
  /** Left out when it was removed, or would be. */
  readonly hindrance?: Hindrance
  /** The same in words. */
  readonly problem?: string
}

/** So long the last look of a sweep may take. */
const LAST_LOOK_MS = 60_000

/** What happens in a sweep that takes its time. */
export type SweepEvent =
  /** Nothing is left that could be seen, and until this moment (milliseconds since 1970) more may come. */
  | {
      readonly type: "waiting"
      readonly place: string
      readonly cluster: string
      readonly until: number
      readonly message: string
    }
  /** A process of this machine that lives may hold the cluster, and launch anew what is ended. */
  | { readonly type: "held"; readonly pid: number; readonly cluster: string; readonly message: string }
  /** Something that could not be read or removed, and stops nothing. */
  | { readonly type: "problem"; readonly error: string; readonly message: string }

/** @throws what the look at the first place threw, where every place failed; else a place that did is a row of its own. */
export async function sweep(spec: ResolvedSweep, clock: Clock): Promise<readonly SweepRow[]> {
  const providers = await resolveProviders(spec, clock)
  const journals = await readFor(spec, clock)
  // What is seen when the time to wait is over is looked at once more.
  const sweeping = { clock, ms: spec.timeoutMs + LAST_LOOK_MS, doing: "the sweep", readOnly: spec.dryRun }
  const outcomes = await Promise.allSettled(
    providers.map((provider) =>
      inTime(provider, sweeping, (calls) => sweepAt({ ...spec, provider, clock, calls }, journals)),
    ),
  )
  const failed = outcomes.find((outcome) => outcome.status === "rejected")
  if (failed !== undefined && outcomes.every(({ status }) => status === "rejected")) throw failed.reason
  const rows = outcomes.flatMap((outcome, index) => {
    const provider = providers[index]
    if (outcome.status === "fulfilled") return outcome.value
    return provider === undefined ? [] : [unansweredRow(provider, outcome.reason)]
  })
  if (!spec.dryRun && rows.every(({ removed }) => removed)) await journals?.end(providers)
  return rows
}

/** Only who asks for a whole cluster ends what a living process may hold, and needs to know what it may still launch. */
async function readFor({ criteria, journal, onEvent }: ResolvedSweep, clock: Clock): Promise<Journals | undefined> {
  const { name: cluster, owner } = criteria
  if (cluster === undefined || !isWhole(criteria)) return undefined
  const problem = (message: string) => onEvent({ type: "problem", error: "JournalError", message })
  const directory = directoryOf(journal, problem)
  const held = (pid: number) => {
    const message = `process ${pid} of this machine, which lives, was the last to launch for "${cluster}": unless it has let go of it, it may launch anew what is ended; end it first`
    onEvent({ type: "held", pid, cluster, message })
  }
  return journalsOf({ directory, cluster, owner, clock, held, setAside: ({ message }) => problem(message) })
}

/** Who has no home has no journals there. */
function directoryOf(journal: ResolvedSweep["journal"], problem: (message: string) => void): string | undefined {
  if (journal === false) return undefined
  try {
    return journal ?? defaultJournalDirectory()
  } catch (error) {
    problem(`finding the launch journals: ${messageOf(error)}; name their directory, or none`)
    return undefined
  }
}

/** A place that could not be swept, beside what was swept elsewhere. */
function unansweredRow(provider: Provider, reason: unknown): SweepRow {
  const place = placeOf(provider)
  const nobody = { cluster: "", owner: "", uid: "" }
  const told = { why: "unanswered", removed: false, hindrance: "unanswered", problem: messageOf(reason) } as const
  return { kind: "place", id: place, place, ...nobody, ...told }
}

async function sweepAt(sweeping: Sweeping, journals: Journals | undefined): Promise<readonly SweepRow[]> {
  const { clock, dryRun } = sweeping
  const begun = clock.now()
  const looked = await lookAt(sweeping)
  if (dryRun) return wouldGo(sweeping, journals, { looked, begun })
  if (journals === undefined) {
    const ended = await endUnheld(sweeping, looked)
    const gone = ended.filter(({ removed }) => removed)
    return [...ended, ...(await removeLeftovers(sweeping, begun, gone))]
  }
  const expected = expecting(sweeping, journals, { looked, begun })
  const ended = await endWhole(sweeping, { looked, begun }, expected)
  const swept = ended.filter(({ removed, hindrance }) => removed || hindrance === "coming")
  const uids = new Set([...expected.uids, ...swept.map(({ uid }) => uid)])
  return [...ended, ...(await removeLeftovers(sweeping, begun, swept, uids))]
}

async function wouldGo(sweeping: Sweeping, journals: Journals | undefined, seen: Seen): Promise<readonly SweepRow[]> {
  const instances = chosenInstances(sweeping, seen.looked).map(({ row }) => row)
  const leftovers = chosenLeftovers(sweeping, seen.looked, instances).map(({ row }) => row)
  // Whatever else may come is not known to be there.
  const announced = (await journals?.announced(sweeping.provider)) ?? []
  const open = await awaiting(sweeping).open(announced, { begun: seen.begun, gone: new Set() })
  return [...instances, ...leftovers, ...open.map((arrival) => launchRow(sweeping, arrival))]
}
