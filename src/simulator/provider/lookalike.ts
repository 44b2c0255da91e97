/** Look-alike: the world that a rehearsal simulates instead of a cloud, with that cloud's types, limits and behaviour. */
import type { Provider } from "../../provider.js"
import type { WorldOptions } from "../world/options.js"
import type { WorldProviderOptions } from "./provider.js"

/** One cloud's, for one region. */
export interface Lookalike {
  readonly world: Omit<WorldOptions, "clock" | "seed">
  readonly provider: WorldProviderOptions
}

/** The limits of a provider that a rehearsal uses too; the buckets are left out, because only the provider's own requests use them. */
export function habitsOf({ limits }: Pick<Provider, "limits">): NonNullable<WorldProviderOptions["overrides"]> {
  const { account: _account, buckets: _buckets, offersFreshMs: _fresh, ...habits } = limits
  return habits
}

/** The simulator's own small cloud, under the name, in the region and with the limits of a provider that has no model. */
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
