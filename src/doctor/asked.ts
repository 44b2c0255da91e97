/** Asked: what a group would ask of a cloud, as its launch does, but with nothing in it that is written down. */
import type { Clock } from "../calls/clock.js"
import { rangesOf } from "../fleet/launching/access-request.js"
import type { Examined, GroupRequest, Offer, Owner } from "../provider.js"
import { guestRequest } from "../spec/guest-fields.js"
import type { ResolvedGroup, ResolvedSpec } from "../spec/resolved.js"

/** Seconds of a deadline that is never written. */
const HOUR_S = 3600

export function ownerOf({ name = "doctor", owner }: ResolvedSpec, clock: Clock): Owner {
  const uid = Array.from({ length: 16 }, () => Math.floor(clock.random() * 16).toString(16)).join("")
  const deadline = String(Math.floor(clock.now() / 1000) + HOUR_S)
  return { cluster: name, uid, owner, generation: 1, deadline, claim: uid }
}

/** @throws SpecError where access is from "here", and this machine's own address is not known. */
export async function accessOf({ access }: ResolvedSpec, clock: Clock): Promise<GroupRequest["access"]> {
  if (access === undefined) return undefined
  const isPrivate = access.via !== "auto" && access.via !== "public"
  return { from: await rangesOf(access.from, clock), port: 22, isPrivate }
}

export function examinedOf(
  owner: Owner,
  group: ResolvedGroup,
  offers: readonly Offer[],
  way: Pick<GroupRequest, "access" | "peers">,
): Examined {
  const { name, environment, image, publicAddress, tags, gpu } = group
  const archs = [...new Set(offers.map(({ arch }) => arch))]
  const request: GroupRequest = {
    ...{ name, environment, publicAddress, tags },
    archs: archs.length > 0 ? archs : [group.arch ?? "x86_64"],
    markets: [...new Set(offers.map(({ market }) => market))],
    instanceTypes: [...new Set(offers.map(({ instanceType }) => instanceType))],
    ...guestRequest(group, false),
    ...(image === undefined ? {} : { image }),
    ...(gpu === undefined ? {} : { gpu }),
    ...way,
  }
  return { owner, group: request, offers }
}
