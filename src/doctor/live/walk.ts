/** The live walk: machines are made, looked at and ended, and nothing is left, whatever happens between. */
import { MusterError, TimeoutError } from "../../errors.js"
import { sweep } from "../../fleet/leftovers/sweep.js"
import { resolveSweep } from "../../verbs/verbs.js"
import { verdictOf } from "../../live/verdicts.js"
import type { Instance } from "../../provider.js"
import { estimateUsd, spentUsd } from "./price.js"
import type { Found, WalkOutcome } from "./outcome.js"
import type { WalkSite } from "./site.js"
import { endsAfter } from "./witness.js"
import { hook, playWaves } from "./waves.js"

/** Everything is gone so long after the walk at the latest, in milliseconds; what is not is told of. */
const SWEPT_WITHIN_MS = 12 * 60_000

/** @returns what was seen, also where the walk was ended by `signal`: it throws nothing. */
export async function runWalk(site: WalkSite): Promise<WalkOutcome> {
  const { witness, clock, mostMs, walk, provider, offers, owner } = site
  const at = clock.now()
  const late = () => new TimeoutError(`the walk's ${Math.round(mostMs / 60_000)} minutes are over`)
  const { signal, done } = endsAfter(clock, { signal: site.signal, ms: mostMs, reason: late })
  const timed = { ...site, signal }
  try {
    await playWaves(timed)
    await judge(timed)
  } catch (error) {
    witness.problems.push(error instanceof Error ? error.message : String(error))
  } finally {
    done()
  }
  const left = await leaveNothing(site)
  const assumptions = walk.assumptions.map((assumption): Found => {
    const observations = witness.observations.filter((one) => one.assumption === assumption.id)
    return { ...assumption, verdict: verdictOf(assumption, observations), observations }
  })
  const { name, region } = provider
  return {
    ...{ provider: name, region, at, ms: clock.now() - at, cluster: owner.cluster, assumptions, left },
    instanceType: offers[0]?.instanceType ?? "",
    markets: [...new Set(offers.map(({ market }) => market))],
    ...{ workers: witness.workers, exchanges: witness.exchanges, problems: witness.problems },
    usd: { estimate: estimateUsd(site) ?? 0, spent: spentUsd(site, witness.workers, witness.now()) },
  }
}

async function judge(site: WalkSite): Promise<void> {
  const { last } = site.witness
  if (last !== undefined) await hook(site, "judging", () => site.walk.judge?.(last))
}

/** Ends by their names what lists no longer have to show, then sweeps the cluster as every other. */
async function leaveNothing(site: WalkSite): Promise<readonly string[]> {
  const { provider, witness, clock, owner } = site
  const { signal, done } = endsAfter(clock, {
    signal: new AbortController().signal,
    ms: SWEPT_WITHIN_MS,
    reason: () => new MusterError("the end of the walk took too long"),
  })
  try {
    const calls = witness.callsTo(provider.limits, signal)
    const living = witness.workers.filter(({ goneAt }) => goneAt === undefined).map(({ instance }) => instance)
    if (living.length > 0) await witness.watch(signal, () => provider.terminate(living, calls))
    const spec = { provider, name: owner.cluster, owner: owner.owner, timeoutMs: SWEPT_WITHIN_MS / 2 }
    const swept = await witness.watch(signal, () => sweep(resolveSweep(spec, { journal: false }), clock))
    const rows = swept.value ?? []
    const remains = rows
      .filter(({ removed }) => !removed)
      .map(({ kind, id, problem }) => `${kind} ${id}: ${problem ?? "is there"}`)
    return swept.error === undefined ? remains : [...living.map(nameOf), `not swept: ${swept.error.message}`]
  } catch (error) {
    return [`not swept: ${error instanceof Error ? error.message : String(error)}`]
  } finally {
    done()
  }
}

function nameOf({ id, state }: Instance): string {
  return `instance ${id} (${state})`
}
