/** Who asks: whoever runs the cluster, or an instance with the token of its own service account. */
import type { World } from "../../../../src/simulator/index.js"
import type { JsonObject } from "../../../../src/provider.js"

/** A service account that an instance speaks for. */
export interface Principal {
  readonly email: string
  readonly instanceId: string
}

/** "Access tokens expire after ... one hour" at most; the metadata server renews them in time. */
export const TOKEN_S = 3_599

const PREFIX = "ya29.instance."

/** The token that an instance's metadata gives for its service account. */
export function guestToken(id: string, now: number): string {
  return `${PREFIX}${Buffer.from(`${id}/${now + TOKEN_S * 1000}`).toString("base64url")}`
}

export function isGuestToken(authorization: string | undefined): boolean {
  return authorization?.startsWith(`Bearer ${PREFIX}`) === true
}

/** The account of an instance's token; undefined where it is no token of an instance's, has expired, or the instance has no account. */
export function principalOf(world: World, authorization: string | undefined): Principal | undefined {
  if (authorization === undefined || !isGuestToken(authorization)) return undefined
  const encoded = authorization.slice(`Bearer ${PREFIX}`.length)
  const [id = "", until = "0"] = Buffer.from(encoded, "base64url").toString().split("/")
  const email = accountOf(world, id)
  return email === undefined || Number(until) <= world.clock.now() ? undefined : { email, instanceId: id }
}

interface Attached {
  readonly serviceAccounts?: readonly { readonly email?: string }[]
}

/** The service account of an instance, if it has one. */
export function accountOf(world: World, id: string): string | undefined {
  const properties = world.instance(id)?.attributes.properties as (JsonObject & Attached) | undefined
  return properties?.serviceAccounts?.[0]?.email
}
