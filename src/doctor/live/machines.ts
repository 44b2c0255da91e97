/** Machines of a walk: followed by lists and consoles. */
import type { WalkStage } from "../../provider.js"
import type { WalkSite } from "./site.js"
import type { Followed } from "./witness.js"

/** One complete list of the cluster. A list that fails is none. */
export async function look(site: WalkSite, stage: Pick<WalkStage, "watch">): Promise<void> {
  const { provider, witness, owner } = site
  const at = witness.now()
  const selector = { uid: owner.uid, cluster: owner.cluster }
  const { value, error } = await stage.watch((calls) => provider.list(selector, calls))
  if (value !== undefined) witness.listed(at, value, provider.limits)
  if (error !== undefined) witness.problem(`listing: ${error.message}`)
}

/** Looks again and again until it is so, for the last time when `withinMs` are over. @returns false where it was not so then either. */
export async function until(
  site: WalkSite,
  stage: Pick<WalkStage, "watch">,
  {
    withinMs,
    isSo,
    each,
  }: { readonly withinMs: number; readonly isSo: () => boolean; readonly each?: () => Promise<void> },
): Promise<boolean> {
  const { witness, clock, signal, provider } = site
  const end = witness.now() + withinMs
  for (;;) {
    const isLast = witness.now() >= end
    await look(site, stage)
    await each?.()
    if (isSo()) return true
    if (isLast) return false
    await clock.sleep(provider.limits.look.everyMs, signal)
  }
}

/** Reads the consoles of those that run and have not booted. One that fails is read again later. */
export async function readConsoles(site: WalkSite, stage: WalkStage, workers: readonly Followed[]): Promise<void> {
  const { provider, witness } = site
  for (const worker of workers) {
    if (worker.runningAt === undefined || worker.isBooted || worker.goneAt !== undefined) continue
    const { value } = await stage.watch((calls) => provider.consoleLog?.(worker.instance, calls) ?? Promise.resolve(""))
    if (value !== undefined) witness.read(worker, value)
  }
}

export function areGone(workers: readonly Followed[]): boolean {
  return workers.every(({ goneAt }) => goneAt !== undefined)
}

/** Names of those that are not gone. */
export function thoseThere(workers: readonly Followed[]): string {
  return workers
    .filter(({ goneAt }) => goneAt === undefined)
    .map(({ made }) => made.id)
    .join(", ")
}
