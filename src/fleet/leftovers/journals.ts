/** Journals: the launch journals of the clusters of a name on this machine, read anew for each list. */
import type { Clock } from "../../calls/clock.js"
import type { Limits, Provider } from "../../provider.js"
import { messageOf } from "../state/context.js"
import { coverageOf, readJournals, type Quarantined } from "../journal/history.js"
import type { JournalHistory } from "../journal/journal.js"
import { removeJournals } from "../journal/remove.js"
import { pendingIn, type PendingLaunch, possiblyPending, pendingOfUnreadable } from "./pending-launches.js"
import type { TaggedResources } from "./tagged.js"

/** Where to read, and of what. */
export interface Reading {
  /** Undefined: nowhere. */
  readonly directory: string | undefined
  readonly cluster: string
  readonly owner: string
  readonly clock: Clock
  /** Called once for each journal that cannot be read. */
  readonly onQuarantined: (what: Quarantined) => void
  /** Called with the id of a living process of this machine that may own the cluster. */
  readonly onLiveProcess: (pid: number) => void
}

export interface Journals {
  /** Uids of the clusters that had journals at the beginning. */
  readonly uids: readonly string[]
  /** The pending launches at this place, as the journals show them now. */
  fromJournals(provider: Provider): Promise<readonly PendingLaunch[]>
  /** The launches that may be pending in clusters without a journal, by a list that was begun then. */
  possiblyPending(tagged: TaggedResources, limits: Limits, begun: number): readonly PendingLaunch[]
  /** Removes those of clusters of which nothing is left at these places, unless their process lives or they name others. */
  end(providers: readonly Provider[]): Promise<void>
}

interface ReadJournals {
  readonly histories: readonly JournalHistory[]
  readonly quarantined: readonly Quarantined[]
}

export async function journalsOf(reading: Reading): Promise<Journals> {
  const known = new Set<string>()
  const read = async (): Promise<ReadJournals> => {
    const quarantined: Quarantined[] = []
    const { directory, cluster, owner, clock } = reading
    const histories =
      directory === undefined
        ? []
        : await readJournals(directory, cluster, owner, clock, (what) => quarantined.push(what))
    for (const what of quarantined) if (!known.has(what.path)) reading.onQuarantined(what)
    for (const { path } of quarantined) known.add(path)
    return { histories, quarantined }
  }
  const begun = reading.clock.now()
  const first = await read()
  for (const { holder } of first.histories) if (holder !== undefined) reading.onLiveProcess(holder)
  return {
    uids: [...first.histories, ...first.quarantined].flatMap(({ uid }) => uid ?? []),
    fromJournals: async (provider) => {
      const { histories, quarantined } = await read()
      const when = { now: reading.clock.now(), begun }
      return [
        ...histories.flatMap((history) => pendingIn(history, provider, when)),
        ...quarantined.flatMap(({ uid, at }) => {
          return uid === undefined || at === undefined ? [] : pendingOfUnreadable(uid, at, provider.limits, when)
        }),
      ]
    },
    possiblyPending: (tagged, limits, begun) =>
      possiblyPending(tagged, coverageOf(first.histories, first.quarantined), limits, begun),
    end: (providers) => endAbandoned(reading, first, providers),
  }
}

/** Its processes were of this machine and have ended, and it was never anywhere else than at these places. */
export function isOver(
  { isAbandoned, open, made }: JournalHistory,
  providers: readonly Pick<Provider, "name" | "region">[],
): boolean {
  const isElsewhere = (row: { readonly provider: string; readonly region: string }) =>
    !providers.some(({ name, region }) => name === row.provider && region === row.region)
  return isAbandoned && !open.some(isElsewhere) && !made.some(isElsewhere)
}

async function endAbandoned(
  { directory, cluster, clock, onQuarantined }: Reading,
  { histories }: ReadJournals,
  providers: readonly Provider[],
): Promise<void> {
  const over = histories.filter((history) => isOver(history, providers))
  if (directory === undefined || over.length === 0) return
  try {
    const uids = over.map(({ uid }) => uid)
    await clock.busy("removing launch journals", removeJournals(directory, cluster, uids))
  } catch (error) {
    onQuarantined({ path: directory, message: `removing launch journals: ${messageOf(error)}` })
  }
}
