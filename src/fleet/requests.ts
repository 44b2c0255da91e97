/** Requests: what another process must know to end the instances of a fleet. */
import type { EndRequest } from "../exit/ender.js"
import type { JsonObject, Provider } from "../provider.js"
import { PROVIDER_NAMES, type ProviderName, type ResolvedSpec } from "../spec.js"
import type { Fleet } from "./context.js"
import { placeOf } from "./remains/remains.js"

/** One for each place; `unreachable` names those whose provider nobody else can make. */
export function endRequests(
  fleet: Fleet,
  spec: Pick<ResolvedSpec, "providers">,
): { readonly requests: readonly EndRequest[]; readonly unreachable: readonly string[] } {
  const { cluster, uid, owner } = fleet.owner
  const asked = fleet.providers.map((provider) => ({ provider, options: optionsOf(provider, spec) }))
  const requests = asked.flatMap(({ provider, options }): readonly EndRequest[] => {
    const name = PROVIDER_NAMES.find((known) => known === provider.name)
    if (name === undefined || options === undefined) return []
    const own = fleet.roster.living().filter((worker) => worker.provider === provider)
    const instances = own.map(({ instance }) => instance)
    return [{ provider: name, region: provider.region, options, owner: { cluster, uid, owner }, instances }]
  })
  const reached = new Set(requests.map(({ provider, region }) => `${provider} ${region}`))
  return { requests, unreachable: fleet.providers.map(placeOf).filter((place) => !reached.has(place)) }
}

/** What it was made with; one that was given by its name was made with nothing. */
function optionsOf(provider: Provider, { providers }: Pick<ResolvedSpec, "providers">): JsonObject | undefined {
  return provider.recipe?.() ?? (providers.includes(provider.name as ProviderName) ? {} : undefined)
}
