/** Access request: what a group's guests are told of who may reach them, and what their network is to open. */
import { SpecError } from "../../errors.js"
import type { GroupRequest } from "../../provider.js"
import type { Clock } from "../../calls/clock.js"
import { ownRange } from "../../client/own-address.js"
import { readKeyFile } from "../../remote/ssh/key-file.js"
import type { ResolvedAccess } from "../../spec/access.js"
import { type ClusterKey, nonceOf } from "../state/cluster-keys.js"
import type { Fleet } from "../state/context.js"

type AccessPart = Pick<GroupRequest, "access" | "peers" | "plantedKey" | "nonce" | "authorizedKeys" | "user">

/**
 * @param isPreview nothing is written.
 * @throws SpecError where the key with which the other workers are reached is on another machine.
 */
export async function accessRequest(fleet: Fleet, isPreview: boolean): Promise<AccessPart> {
  const { access, keys, peers } = fleet
  const key = access === undefined && keys.path === undefined ? undefined : await keyFor(fleet, isPreview)
  return {
    ...(key === undefined ? {} : { plantedKey: key.publicLine, nonce: key.nonce }),
    ...(access === undefined ? {} : await accessPart(access, fleet.clock)),
    ...(peers ? { peers } : {}),
  }
}

/**
 * The cluster's key; made where this machine has none. Who asks for access to a cluster that was made elsewhere must bring what opens
 * its workers: with a key of its own each of two machines would reach some of them, and no machine all.
 */
async function keyFor(fleet: Fleet, isPreview: boolean): Promise<Pick<ClusterKey, "publicLine" | "nonce">> {
  const { access, keys, owner } = fleet
  if (access === undefined || (await keys.found()) !== undefined || !isMadeElsewhere(fleet))
    return keys.ensure(isPreview)
  if (access.keyFile !== undefined) {
    const { text, publicLine } = await fleet.clock.busy("reading the key file", readKeyFile(access.keyFile))
    if (publicLine !== undefined) return { publicLine, nonce: nonceOf(text) }
  }
  // By an agent every worker that takes its key can be reached from here, whoever launched it.
  if (access.authorizedKeys.length > 0 && process.env.SSH_AUTH_SOCK !== undefined) return keys.ensure(isPreview)
  const place = keys.path === undefined ? "none is kept where there is no journal" : `${keys.path} is not there`
  const message = `is needed: "${owner.cluster}" has workers that take the key of the machine that made it, which this machine has not (${place}); copy its file from there and name it, or run an ssh agent that has a key of access.authorizedKeys`
  throw new SpecError([{ option: "cluster.access.keyFile", value: access.keyFile, message }])
}

/** Workers live that take keys, and this process has made none. */
function isMadeElsewhere({ roster }: Fleet): boolean {
  return roster.living().some(({ provider }) => provider.limits.takesKeys === true)
}

async function accessPart(
  { from, via, user, authorizedKeys, keyFile }: ResolvedAccess,
  clock: Clock,
): Promise<AccessPart> {
  const isPrivate = via !== "auto" && via !== "public"
  const { publicLine } = keyFile === undefined ? NO_KEY : await clock.busy("reading the key file", readKeyFile(keyFile))
  const lines = [...authorizedKeys, ...(publicLine === undefined ? [] : [publicLine])]
  if (keyFile !== undefined && lines.length === 0) throw noPublicHalf(keyFile)
  return {
    access: { from: await rangesOf(from, clock), port: 22, isPrivate },
    user,
    ...(lines.length === 0 ? {} : { authorizedKeys: lines }),
  }
}

/** With "here" as the range that it is. @throws SpecError where that is not known. */
export async function rangesOf(from: readonly string[], clock: Clock): Promise<readonly string[]> {
  const ranges = await Promise.all(from.map(async (range) => (range === "here" ? await ownRange(clock) : range)))
  return [...new Set(ranges)]
}

function noPublicHalf(value: string): SpecError {
  const message =
    "does not show its public half, which workers must take; name it in access.authorizedKeys, or bring the file into OpenSSH's format (ssh-keygen -p)"
  return new SpecError([{ option: "cluster.access.keyFile", value, message }])
}

const NO_KEY = { publicLine: undefined }
