/** Taking over: who would change a cluster that another process was seen holding is told so first, by its machine, number and time. */
import { momentText, wallAheadMs } from "../calls/clock.js"
import { SpecError } from "../errors.js"
import { readJournals } from "../fleet/journal/history.js"
import { ownerProcessOf, type ObservedOwner } from "../fleet/leftovers/current-owner.js"
import type { Provider } from "../provider.js"
import type { NamedTarget } from "./clusters.js"
import { journalDirectoryIfAny } from "./local-state.js"
import type { Given, Surroundings } from "./surroundings.js"
import { age } from "./table.js"

/** @throws what a place throws that could not be looked at. */
export async function holderSeen(
  { name, owner }: Pick<NamedTarget, "name" | "owner">,
  providers: readonly Provider[],
  given: Given,
  surroundings: Surroundings,
): Promise<ObservedOwner | undefined> {
  const directory = journalDirectoryIfAny(given, surroundings)
  const { clock } = surroundings
  const journals = directory === undefined ? [] : await readJournals(directory, name, owner, clock)
  return ownerProcessOf(providers, { name, owner, journals }, clock)
}

/** "process 41 on build-7 since 2026-03-01 18:00 UTC (it made something 30s ago)". */
export function holderText({ host, pid, since, sign, seenAt }: ObservedOwner, now: number): string {
  const from = since === undefined ? "" : ` since ${momentText(since)}`
  const how = {
    lives: "it lives on this machine",
    made: `it made something ${age(Math.max(0, now - seenAt))} ago`,
    lease: "it renews a lease",
  }
  return `process ${pid} on ${host}${from} (${how[sign]})`
}

/**
 * Whether the cluster may be changed: no other process was seen owning it, or the user or `--take-over` allows it.
 *
 * @throws SpecError where another process owns it, `--take-over` is not given, and no user can be asked.
 */
export async function mayChange(
  target: Pick<NamedTarget, "name" | "owner">,
  providers: readonly Provider[],
  given: Given,
  surroundings: Surroundings,
): Promise<boolean> {
  const holder = await holderSeen(target, providers, given, surroundings)
  if (holder === undefined) return true
  const { clock, ask, say } = surroundings
  const held = `"${target.name}" is held by ${holderText(holder, clock.now() + wallAheadMs(clock))}`
  if (given.switches.has("take-over")) {
    say(`${held}: it is taken over, and that process stops\n`)
    return true
  }
  if (ask === undefined) {
    throw new SpecError([{ option: "--take-over", message: `is missing: ${held}, which this would stop` }])
  }
  if (await ask(`${held}. Take it over? That process stops.`)) return true
  say("nothing was changed\n")
  return false
}
