/** Providers: the adapters of a cluster. */
import type { ResolvedSpec } from "../../spec/resolved.js"
import type { Clock } from "../../calls/clock.js"
import type { Provider } from "../../provider.js"
import { loadNamed, loadProvider } from "../../registry.js"
import { isNamed } from "../../spec/provider-data.js"

/** One provider per name and region, in the order given. */
export async function resolveProviders(
  spec: Pick<ResolvedSpec, "providers" | "regions">,
  clock: Clock,
): Promise<readonly Provider[]> {
  const regions = spec.regions ?? [undefined]
  const loads = spec.providers.map(async (provider) => {
    if (isNamed(provider)) return loadNamed(provider, regions)
    if (typeof provider !== "string") return [provider]
    return Promise.all(regions.map((region) => loadProvider(provider, region)))
  })
  return clock.busy(
    "loading providers",
    Promise.all(loads).then((loaded) => loaded.flat()),
  )
}
