/** Sweep: removes resources that no cluster needs any more, by tags and this machine's journals, whichever process made them. */
import type { SweepRow } from "../../verbs/removals.js"
import type { Clock } from "../../calls/clock.js"
import type { Provider } from "../../provider.js"
import { messageOf } from "../state/context.js"
import { defaultJournalDirectory } from "../journal/journal.js"
import { resolveProviders } from "../opening/providers.js"
import { pendingTracker } from "./pending-tracker.js"
import { chosenInstances, chosenLeftovers, isWhole, listTargets, type Sweeping } from "./selection.js"
import { removeLeftovers } from "./removal.js"
import { terminateUnowned } from "./termination.js"
import { withTimeout } from "./with-timeout.js"
import { type Journals, journalsOf } from "./journals.js"
import { placeOf } from "../roster/keys.js"
import type { ResolvedSweep } from "../../verbs/verbs.js"
import { terminateNamed, expecting, launchRow, type Snapshot } from "./named-cluster.js"

/** How long the last list of a sweep may take, in milliseconds. */
const LAST_LIST_MS = 60_000

/** @throws what the look at the first place threw, where every place failed; else a place that did is a row of its own. */
export async function sweep(spec: ResolvedSweep, clock: Clock): Promise<readonly SweepRow[]> {
  const providers = await resolveProviders(spec, clock)
  const journals = await readFor(spec, clock)
  // After the timeout one more list confirms what still exists.
  const sweeping = { clock, ms: spec.timeoutMs + LAST_LIST_MS, doing: "the sweep", readOnly: spec.dryRun }
  const outcomes = await Promise.allSettled(
    providers.map((provider) =>
      withTimeout(provider, sweeping, (calls) => sweepAt({ ...spec, provider, clock, calls }, journals)),
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
  const onLiveProcess = (pid: number) => {
    const message = `process ${pid} of this machine, which lives, was the last to launch for "${cluster}": unless it has let go of it, it may launch anew what is ended; end it first`
    onEvent({ type: "held", pid, cluster, message })
  }
  return journalsOf({
    directory,
    cluster,
    owner,
    clock,
    onLiveProcess,
    onQuarantined: ({ message }) => problem(message),
  })
}

/** Who has no home has no journals there. */
export function directoryOf(journal: ResolvedSweep["journal"], problem: (message: string) => void): string | undefined {
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
  const details = { why: "unanswered", removed: false, hindrance: "unanswered", problem: messageOf(reason) } as const
  return { kind: "place", id: place, place, ...nobody, ...details }
}

async function sweepAt(sweeping: Sweeping, journals: Journals | undefined): Promise<readonly SweepRow[]> {
  const { clock, dryRun } = sweeping
  const begun = clock.now()
  const tagged = await listTargets(sweeping)
  if (dryRun) return previewSweep(sweeping, journals, { tagged, begun })
  if (journals === undefined) {
    const ended = await terminateUnowned(sweeping, tagged)
    const gone = ended.filter(({ removed }) => removed)
    return [...ended, ...(await removeLeftovers(sweeping, begun, gone))]
  }
  const expected = expecting(sweeping, journals, { tagged, begun })
  const ended = await terminateNamed(sweeping, { tagged, begun }, expected)
  const swept = ended.filter(({ removed, hindrance }) => removed || hindrance === "coming")
  const uids = new Set([...expected.uids, ...swept.map(({ uid }) => uid)])
  return [...ended, ...(await removeLeftovers(sweeping, begun, swept, uids))]
}

async function previewSweep(
  sweeping: Sweeping,
  journals: Journals | undefined,
  seen: Snapshot,
): Promise<readonly SweepRow[]> {
  const instances = chosenInstances(sweeping, seen.tagged).map(({ row }) => row)
  const leftovers = chosenLeftovers(sweeping, seen.tagged, instances).map(({ row }) => row)
  // Whatever else may come is not known to be there.
  const fromJournals = (await journals?.fromJournals(sweeping.provider)) ?? []
  const open = await pendingTracker(sweeping).open(fromJournals, { begun: seen.begun, gone: new Set() })
  return [...instances, ...leftovers, ...open.map((pending) => launchRow(sweeping, pending))]
}
