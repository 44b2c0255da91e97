/** Idempotency: what was made under a token, and with which parameters. */
import { createHash } from "node:crypto"
import type { Json } from "../../provider.js"

/** `known`: made before with the same parameters. `mismatch`: the token belongs to other parameters. */
export type Recollection<T> =
  | { readonly kind: "new" }
  | { readonly kind: "mismatch" }
  | { readonly kind: "known"; readonly made: T }

interface Kept<T> {
  readonly digest: string
  readonly made: T
  readonly until: number
}

/**
 * A token is bound to its scope (EC2's are zonal: the same token in another zone launches again) and, from its first
 * use on, to its parameters, even when nothing was made (EC2 API Reference, "Ensuring idempotency").
 */
export class Tokens<T = unknown> {
  readonly #ttlMs: number
  readonly #kept = new Map<string, Kept<T>>()

  /** @param ttlMs for how long a token is remembered. */
  constructor(ttlMs: number) {
    this.#ttlMs = ttlMs
  }

  find(scope: string, token: string, parameters: Json, now: number): Recollection<T> {
    const kept = this.#kept.get(`${scope}/${token}`)
    if (kept === undefined || kept.until <= now) return { kind: "new" }
    return kept.digest === digestOf(parameters) ? { kind: "known", made: kept.made } : { kind: "mismatch" }
  }

  keep(scope: string, token: string, parameters: Json, made: T, now: number): void {
    this.#kept.set(`${scope}/${token}`, { digest: digestOf(parameters), made, until: now + this.#ttlMs })
  }
}

function digestOf(parameters: Json): string {
  return createHash("sha256").update(canonical(parameters)).digest("hex")
}

/** The same text for the same value, whatever the order of its keys. */
function canonical(value: Json): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
}
