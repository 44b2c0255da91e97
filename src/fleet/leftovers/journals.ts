/** Journals: what the launch journals of this machine tell of the clusters of a name, read anew for each look. */
import type { Clock } from "../../calls/clock.js"
import type { Limits, Provider } from "../../provider.js"
import { messageOf } from "../state/context.js"
import { coverageOf, readJournals, type SetAside } from "../journal/history.js"
import type { JournalHistory } from "../journal/journal.js"
import { removeJournals } from "../journal/remove.js"
import { announcedBy, type Arrival, unannounced, unreadable } from "./pending-launches.js"
import type { Looked } from "./tagged.js"

/** Where to read, and of what. */
export interface Reading {
  /** Undefined: nowhere. */
  readonly directory: string | undefined
  readonly cluster: string
  readonly owner: string
  readonly clock: Clock
  /** Hears of what cannot be read, once. */
  readonly setAside: (what: SetAside) => void
  /** Hears of a process of this machine that may hold the cluster. */
  readonly held: (pid: number) => void
}

export interface Journals {
  /** Of the clusters of which they told at the beginning. */
  readonly uids: readonly string[]
  /** What may still come at this place, as they tell now. */
  announced(provider: Provider): Promise<readonly Arrival[]>
  /** What may come of those of which they do not tell, as a look that was begun then has shown. */
  unannounced(looked: Looked, limits: Limits, begun: number): readonly Arrival[]
  /** Removes those of clusters of which nothing is left at these places, unless their process lives or they name others. */
  end(providers: readonly Provider[]): Promise<void>
}

interface Told {
  readonly histories: readonly JournalHistory[]
  readonly aside: readonly SetAside[]
}

export async function journalsOf(reading: Reading): Promise<Journals> {
  const known = new Set<string>()
  const read = async (): Promise<Told> => {
    const aside: SetAside[] = []
    const { directory, cluster, owner, clock } = reading
    const histories =
      directory === undefined ? [] : await readJournals(directory, cluster, owner, clock, (what) => aside.push(what))
    for (const what of aside) if (!known.has(what.path)) reading.setAside(what)
    for (const { path } of aside) known.add(path)
    return { histories, aside }
  }
  const begun = reading.clock.now()
  const first = await read()
  for (const { holder } of first.histories) if (holder !== undefined) reading.held(holder)
  return {
    uids: [...first.histories, ...first.aside].flatMap(({ uid }) => uid ?? []),
    announced: async (provider) => {
      const { histories, aside } = await read()
      const when = { now: reading.clock.now(), begun }
      return [
        ...histories.flatMap((history) => announcedBy(history, provider, when)),
        ...aside.flatMap(({ uid, at }) => {
          return uid === undefined || at === undefined ? [] : unreadable(uid, at, provider.limits, when)
        }),
      ]
    },
    unannounced: (looked, limits, begun) =>
      unannounced(looked, coverageOf(first.histories, first.aside), limits, begun),
    end: (providers) => endAbandoned(reading, first, providers),
  }
}

async function endAbandoned(
  { directory, cluster, clock, setAside }: Reading,
  { histories }: Told,
  providers: readonly Provider[],
): Promise<void> {
  const isElsewhere = (row: { readonly provider: string; readonly region: string }) =>
    !providers.some(({ name, region }) => name === row.provider && region === row.region)
  const over = histories.filter(
    ({ isAbandoned, open, made }) => isAbandoned && !open.some(isElsewhere) && !made.some(isElsewhere),
  )
  if (directory === undefined || over.length === 0) return
  try {
    const uids = over.map(({ uid }) => uid)
    await clock.busy("removing launch journals", removeJournals(directory, cluster, uids))
  } catch (error) {
    setAside({ path: directory, message: `removing launch journals: ${messageOf(error)}` })
  }
}
