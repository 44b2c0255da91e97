/** Learn: failures go into the memory of what is unavailable, and into the reasons of a shortfall. */
import type { Failure, Provider } from "../provider.js"
import type { Fleet } from "./context.js"
import { isShortage, remember, scopeKey, teaches } from "./unavailable.js"

/** Takes over what a launch call's answer says failed; what an earlier answer to it said already is not told twice. */
export function learn(
  fleet: Fleet,
  { provider, group }: { readonly provider: Provider; readonly group: string },
  failures: readonly Failure[],
  before: readonly Failure[] = [],
): void {
  const told = new Map(before.map((failure) => [keyOf(failure), failure.count]))
  for (const failure of failures) {
    const count = failure.count - (told.get(keyOf(failure)) ?? 0)
    if (count > 0) learnOne(fleet, provider, group, { ...failure, count })
  }
}

function learnOne(fleet: Fleet, provider: Provider, group: string, said: Failure): void {
  const now = fleet.clock.now()
  // Whatever a cloud leaves open is meant within the region that said it: another one's offers are not barred by it.
  const failure = { ...said, scope: { provider: provider.name, region: provider.region, ...said.scope } }
  fleet.groups.get(group)?.failures.push(failure)
  const { account } = provider.limits
  fleet.memory.set(account, remember(fleet.memory.get(account) ?? [], failure, now))
  const { scope, code, message, ttlMs } = failure
  // What gave a part may be asked for more, after what was not asked yet.
  if (isShortage(said)) fleet.groups.get(group)?.refusals.set(scopeKey(scope), { scope, at: now })
  if (!teaches(said)) return
  fleet.emit({ type: "offer-unavailable", scope, until: now + ttlMs, code, message })
}

function keyOf({ reason, code, scope }: Failure): string {
  return JSON.stringify([reason, code, scope])
}
