/** Audit: what the clouds show of a cluster, from its tags alone, and what this machine keeps of one that is gone. */
import type { Clock } from "../calls/clock.js"
import type { Provider } from "../provider.js"
import type { ResolvedSpec } from "../spec/resolved.js"
import type { Remain } from "../verbs/removals.js"
import { deferred } from "./load.js"

/** @param open the providers of a cluster that is open; else they are made. */
export async function auditOf(
  {
    clock,
    name,
    journal,
  }: { readonly clock: Clock; readonly name: string; readonly journal: string | false | undefined },
  spec: ResolvedSpec,
  open: readonly Provider[] | undefined,
): Promise<readonly Remain[]> {
  const { remainsOf, keysOf, directoryOf, resolveProviders } = await deferred(clock)
  const providers = open ?? (await resolveProviders(spec, clock))
  const cluster = { cluster: name, owner: spec.owner }
  const remains = await remainsOf(providers, cluster, clock)
  const directory = directoryOf(journal, () => {})
  return [...remains, ...(await keysOf({ ...cluster, directory, clock }, providers, remains))]
}
