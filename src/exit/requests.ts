/** Requests: what another process must know to end the instances of a fleet. */
import type { EndRequest } from "./ender.js"
import type { JsonObject, Provider } from "../provider.js"
import { PROVIDER_NAMES, type ProviderName } from "../spec.js"
import type { ResolvedSpec } from "../spec/resolved.js"
import type { Fleet } from "../fleet/state/context.js"
import { windowMs } from "../fleet/state/windows.js"
import { placeOf } from "../fleet/roster/keys.js"

/** One for each place; `unreachable` names those whose provider nobody else can make. */
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
      : [{ provider: name, region: provider.region, options, ...leftAt(fleet, provider) }]
  })
  const reached = new Set(requests.map(({ provider, region }) => `${provider} ${region}`))
  const unreachable = fleet.providers.map(placeOf).filter((place) => !reached.has(place))
  // It is removed once nothing is left: only when all that it tells of is among them.
  const isWhole = journal !== false && unreachable.length === 0
  return { requests: isWhole ? requests.map((request) => ({ ...request, journal })) : requests, unreachable }
}

/** What is there, and what may still come of what is on the wire. */
function leftAt(
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

/** What it was made with; one that was given by its name was made with nothing. */
function optionsOf(provider: Provider, { providers }: Pick<ResolvedSpec, "providers">): JsonObject | undefined {
  return provider.recipe?.() ?? (providers.includes(provider.name as ProviderName) ? {} : undefined)
}
