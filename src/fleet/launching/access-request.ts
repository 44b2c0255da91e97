/** Access request: what a group's guests are told of who may reach them, and what their network is to open. */
import type { AccessRequest, GroupRequest } from "../../provider.js"
import type { ResolvedAccess } from "../../spec/access.js"
import type { Fleet } from "../state/context.js"

type AccessPart = Pick<GroupRequest, "access" | "plantedKey" | "nonce" | "authorizedKeys" | "user" | "peers">

/** @param isPreview nothing is written. */
export async function accessRequest(fleet: Fleet, isPreview: boolean): Promise<AccessPart> {
  const { access, peers, keys } = fleet
  const key = access === undefined && keys.path === undefined ? undefined : await keys.ensure(isPreview)
  return {
    ...(key === undefined ? {} : { plantedKey: key.publicLine, nonce: key.nonce }),
    ...(access === undefined ? {} : { access: openingOf(access, access.from), user: access.user }),
    ...(access === undefined || access.authorizedKeys.length === 0 ? {} : { authorizedKeys: access.authorizedKeys }),
    ...(peers ? { peers: true as const } : {}),
  }
}

/** @param from the ranges, of which none is "here" any more. */
function openingOf({ via }: ResolvedAccess, from: readonly string[]): AccessRequest {
  return { from, port: 22, isPrivate: via !== "auto" && via !== "public" }
}
