/** What a rehearsal plays instead of a cloud: a world with that cloud's types, limits and habits. */
import type { Provider } from "../../provider.js"
import type { WorldOptions } from "../world/options.js"
import type { WorldProviderOptions } from "./provider.js"

/** One cloud's, for one region. */
export interface Lookalike {
  readonly world: Omit<WorldOptions, "clock" | "seed">
  readonly provider: WorldProviderOptions
}

/** What a provider says of itself and a rehearsal takes over; its buckets have names that only its own requests draw on. */
export function habitsOf({ limits }: Pick<Provider, "limits">): NonNullable<WorldProviderOptions["overrides"]> {
  const { account: _account, buckets: _buckets, offersFreshMs: _fresh, ...habits } = limits
  return habits
}

/** The simulator's own small cloud, under the name, in the region and with the habits of a provider nobody has modelled. */
export function unmodelled(provider: Provider): Lookalike {
  const {
    name,
    region,
    limits: { consistencyMs },
  } = provider
  return {
    world: { provider: name, region, limits: { consistencyMs }, listLagMs: [0, Math.min(3_000, consistencyMs)] },
    provider: { overrides: habitsOf(provider) },
  }
}
