/** Job defaults: what the spec of a cluster that is made for one piece of work has, where it says nothing itself. */
import type { Provider } from "../../provider.js"
import { isOverSsh } from "../../spec/access.js"
import { durationMs } from "../../spec/duration.js"
import type { ClusterFields, ProviderChoice } from "../../spec/types.js"

/** A job whose process was killed leaves its workers no longer than that. */
const [LEASE, LEASE_MS] = ["10m", 600_000] as const

type Given = Pick<ClusterFields, "access" | "lease" | "leaseMs" | "maxLifetime" | "maxLifetimeMs">

/** Providers may be anything yet: what is wrong with them is told by who reads the spec. Its end with the process; reach from here alone, where workers are reached over ssh; and a lease, where that costs nothing. */
export function jobDefaults(
  spec: Given,
  providers: readonly ProviderChoice[],
): Pick<ClusterFields, "access" | "lease"> & { readonly closeOnExit: true } {
  const known = providers.filter((one) => typeof one === "string" || (typeof one === "object" && one !== null))
  const isReached = spec.access !== undefined || !known.some(isOverSsh)
  return {
    closeOnExit: true,
    ...(isReached ? {} : { access: "here" }),
    ...(mayLease(spec, known) ? { lease: LEASE } : {}),
  }
}

/** On EC2 it takes a permission more, and not every type can: there it is asked for. */
function mayLease(
  { lease, leaseMs, maxLifetime, maxLifetimeMs }: Given,
  providers: readonly ProviderChoice[],
): boolean {
  if (lease !== undefined || leaseMs !== undefined) return false
  const livesMs = maxLifetimeMs ?? durationMs(maxLifetime ?? LEASE) ?? LEASE_MS
  return livesMs >= LEASE_MS && providers.every((one) => !isOverSsh(one) && hasLease(one))
}

function hasLease(provider: ProviderChoice): boolean {
  return typeof provider === "string" || !("limits" in provider) || (provider as Provider).renew !== undefined
}
