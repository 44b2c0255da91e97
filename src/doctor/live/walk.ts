/** The live walk: machines are made, looked at and ended, and nothing is left, whatever happens between. */
import { TimeoutError } from "../../errors.js"
import { verdictOf } from "../../live/verdicts.js"
import { hook } from "./hooks.js"
import { leaveNothing } from "./leaving.js"
import type { Found, WalkOutcome } from "./outcome.js"
import { estimateUsd, spentUsd } from "./price.js"
import type { WalkSite } from "./site.js"
import { playWaves } from "./waves.js"
import { endsAfter } from "./witness.js"

/** @returns what was seen, also where the walk was ended by `signal`: it throws nothing. */
export async function runWalk(given: WalkSite): Promise<WalkOutcome> {
  const site = { ...given, say: sayingIn(given) }
  const { witness, clock, mostMs } = site
  const at = clock.now()
  witness.begin()
  const late = () => new TimeoutError(`the walk's ${Math.round(mostMs / 60_000)} minutes are over`)
  const { signal, done } = endsAfter(clock, { signal: site.signal, ms: mostMs, reason: late })
  const timed = { ...site, signal }
  let stopped: string | undefined
  let isJudged = false
  try {
    // Before anything is prepared: nothing else shows a group or a template of which no launch follows.
    await site.journal?.begin()
    signal.throwIfAborted()
    await playWaves(timed)
    isJudged = true
    await judge(timed)
  } catch (error) {
    stopped = error instanceof Error ? error.message : String(error)
    witness.problem(stopped)
    if (!isJudged) await judgeSoFar(site, error)
  } finally {
    done()
  }
  const left = await leaveNothing(site)
  await closeJournal(site, left.length === 0)
  return { ...outcomeOf(site, at, left), ...(stopped === undefined ? {} : { stopped }) }
}

/** Who listens must not keep machines from being ended: what that throws is told in the end. */
function sayingIn({ say, witness }: WalkSite): WalkSite["say"] {
  return (line) => {
    try {
      say(line)
    } catch (error) {
      witness.problem(`telling of progress: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
}

async function judge(site: WalkSite): Promise<void> {
  const { last } = site.witness
  if (last !== undefined) await hook(site, last, "judging", site.walk.judge)
}

/** What was seen until a stop. Of machines that are gone all of it is known; of others nothing is concluded, and nothing is asked any more. */
async function judgeSoFar({ witness, provider, walk }: WalkSite, reason: unknown): Promise<void> {
  const { last } = witness
  if (last === undefined) return
  const over = () => Promise.reject(reason instanceof Error ? reason : new Error(String(reason)))
  const limited = witness.limited(last, provider.limits, AbortSignal.abort(reason))
  const workers = witness.workers.filter(({ goneAt }) => goneAt !== undefined)
  try {
    await walk.judge?.({ ...limited, workers, watch: over, wait: over })
  } catch {
    // What would have been asked is not seen.
  }
}

/** Where something is left it stays, for who sweeps it. */
async function closeJournal({ journal, witness }: WalkSite, isOver: boolean): Promise<void> {
  try {
    await (isOver ? journal?.discard() : journal?.close())
  } catch (error) {
    witness.notes.push(`closing the journal: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function outcomeOf(site: WalkSite, at: number, left: readonly string[]): WalkOutcome {
  const { witness, clock, walk, provider, offers, owner } = site
  const { workers, exchanges, problems, notes } = witness
  const assumptions = walk.assumptions.map((assumption): Found => {
    const observations = witness.observations.filter((one) => one.assumption === assumption.id)
    return { ...assumption, verdict: verdictOf(assumption, observations), observations }
  })
  return {
    ...{ provider: provider.name, region: provider.region, at, ms: clock.now() - at },
    owner: { cluster: owner.cluster, uid: owner.uid, owner: owner.owner },
    ...{ options: provider.recipe?.() ?? {}, group: site.group, everyMs: provider.limits.look.everyMs },
    ...{ cluster: owner.cluster, offers, instanceType: offers[0]?.instanceType ?? "" },
    markets: [...new Set(offers.map(({ market }) => market))],
    ...{ assumptions, workers, exchanges, problems, notes, left },
    usd: { estimate: estimateUsd(site) ?? 0, spent: spentUsd(site, witness.now()) },
  }
}
