/** Audit: what the clouds show of a cluster, from its tags alone. */
import type { Clock } from "../calls/clock.js"
import type { Provider } from "../provider.js"
import type { ResolvedSpec } from "../spec/resolved.js"
import type { Remain } from "../verbs/removals.js"
import { deferred } from "./load.js"

/** @param open the providers of a cluster that is open; else they are made. */
export async function auditOf(
  { clock, name }: { readonly clock: Clock; readonly name: string },
  spec: ResolvedSpec,
  open: readonly Provider[] | undefined,
): Promise<readonly Remain[]> {
  const { remainsOf, resolveProviders } = await deferred(clock)
  return remainsOf(open ?? (await resolveProviders(spec, clock)), { cluster: name, owner: spec.owner }, clock)
}
