/** Access request: what a group's guests are told of who may reach them, and what their network is to open. */
import type { GroupRequest } from "../../provider.js"
import type { Clock } from "../../calls/clock.js"
import { ownRange } from "../../client/own-address.js"
import { readKeyFile } from "../../remote/ssh/key-file.js"
import type { ResolvedAccess } from "../../spec/access.js"
import type { Fleet } from "../state/context.js"

type AccessPart = Pick<GroupRequest, "access" | "plantedKey" | "nonce" | "authorizedKeys" | "user">

/** @param isPreview nothing is written. */
export async function accessRequest(fleet: Fleet, isPreview: boolean): Promise<AccessPart> {
  const { access, keys } = fleet
  const key = access === undefined && keys.path === undefined ? undefined : await keys.ensure(isPreview)
  return {
    ...(key === undefined ? {} : { plantedKey: key.publicLine, nonce: key.nonce }),
    ...(access === undefined ? {} : await accessPart(access, fleet.clock)),
  }
}

async function accessPart(
  { from, via, user, authorizedKeys, keyFile }: ResolvedAccess,
  clock: Clock,
): Promise<AccessPart> {
  const ranges = await Promise.all(from.map(async (range) => (range === "here" ? await ownRange(clock) : range)))
  const isPrivate = via !== "auto" && via !== "public"
  const { publicLine } = keyFile === undefined ? NO_KEY : await clock.busy("reading the key file", readKeyFile(keyFile))
  const lines = [...authorizedKeys, ...(publicLine === undefined ? [] : [publicLine])]
  return {
    access: { from: [...new Set(ranges)], port: 22, isPrivate },
    user,
    ...(lines.length === 0 ? {} : { authorizedKeys: lines }),
  }
}

const NO_KEY = { publicLine: undefined }
