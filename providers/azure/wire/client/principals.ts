/** Who asks: whoever runs the cluster, or a VM with the token of an identity that is assigned to it. */
import type { State, Vm } from "../world/state.js"

/** "Tokens are cached ... up to 24 hours" ("How to use managed identities on an Azure VM"). */
export const TOKEN_S = 86_400

const PREFIX = "identity."

/** The token that a VM's metadata gives for one of its identities. */
export function guestToken({ vmId }: Vm, now: number): string {
  return `${PREFIX}${Buffer.from(`${vmId}/${now + TOKEN_S * 1000}`).toString("base64url")}`
}

export function isGuestToken(token: string): boolean {
  return token.startsWith(PREFIX)
}

/** Whether a VM's token is still good. It is also that of a VM that is gone: an identity outlives it. */
export function isGood(state: State, token: string): boolean {
  const [vmId = "", until = "0"] = Buffer.from(token.slice(PREFIX.length), "base64url").toString().split("/")
  return vmId !== "" && Number(until) > state.world.clock.now()
}

/** The ids of the identities that are assigned to a VM, in lower case. */
export function identitiesOf({ request }: Vm): readonly string[] {
  return Object.keys(request.identity?.userAssignedIdentities ?? {}).map((id) => id.toLowerCase())
}
