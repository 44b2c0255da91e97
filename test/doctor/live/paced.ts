/** Paced: a provider whose lists are further apart than its own, so that a walk asks for fewer. */
import type { Provider } from "../../../src/provider.js"

/** The same provider, with lists that are so far apart. */
export function pacedBy(provider: Provider, everyMs: number | undefined): Provider {
  if (everyMs === undefined) return provider
  const { limits } = provider
  return { ...provider, limits: { ...limits, look: { ...limits.look, everyMs } } }
}
