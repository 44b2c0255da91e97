/** Requests: the data that another process needs to end the instances of a fleet. */
import type { EndRequest } from "./ender.js"
import type { JsonObject, Provider } from "../provider.js"
import { PROVIDER_NAMES, type ProviderName } from "../spec.js"
import type { ResolvedSpec } from "../spec/resolved.js"
import type { Fleet } from "../fleet/state/context.js"
import { windowMs } from "../fleet/state/windows.js"
import { placeOf } from "../fleet/roster/keys.js"

/** One request for each place; `unreachable` names the places whose provider no other process can make. */
export function endRequests(
  fleet: Fleet,
  spec: Pick<ResolvedSpec, "providers">,
  journal: string | false,
): { readonly requests: readonly EndRequest[]; readonly unreachable: readonly string[] } {
  const asked = fleet.providers.map((provider) => ({ provider, options: optionsOf(provider, spec) }))
  const requests = asked.flatMap(({ provider, options }): readonly EndRequest[] => {
    const name = PROVIDER_NAMES.find((known) => known === provider.name)
    return name === undefined || options === undefined
      ? []
      : [{ provider: name, region: provider.region, options, ...remainingAt(fleet, provider) }]
  })
  const reached = new Set(requests.map(({ provider, region }) => `${provider} ${region}`))
  const unreachable = fleet.providers.map(placeOf).filter((place) => !reached.has(place))
  // The ender removes the journal at its end: allowed only when the requests cover all that the journal records.
  const isWhole = journal !== false && unreachable.length === 0
  return { requests: isWhole ? requests.map((request) => ({ ...request, journal })) : requests, unreachable }
}

/** The known instances, and the launches and set-up that may still create some. */
function remainingAt(
  { owner, roster, settingUp, clock }: Fleet,
  provider: Provider,
): Pick<EndRequest, "owner" | "instances" | "launches" | "setUpUntil"> {
  const { cluster, uid, generation } = owner
  const own = [...roster.at(provider).living]
  const open = roster.launches.asked().filter((launch) => launch.provider === provider)
  return {
    owner: { cluster, uid, owner: owner.owner, generation },
    instances: own.map(({ instance }) => instance),
    launches: open.map(({ call, onWireAt, ref }) => ({
      call,
      sentAt: onWireAt,
      ...(ref === undefined ? {} : { ref }),
    })),
    ...(settingUp.size > 0 ? { setUpUntil: clock.now() + windowMs(provider.limits) } : {}),
  }
}

/** The options that the provider was made with; a provider given by name was made with none. */
function optionsOf(provider: Provider, { providers }: Pick<ResolvedSpec, "providers">): JsonObject | undefined {
  return provider.recipe?.() ?? (providers.includes(provider.name as ProviderName) ? {} : undefined)
}
