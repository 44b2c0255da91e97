/** Instances on a Compute Engine that were asked to have a way in, and who comes in to them. */
import { expect } from "vitest"
import type { AccessControl, AccessRequest, GroupRequest, Instance } from "../../../src/provider.js"
import { type Cloud, launchOne, NO_ROOM, offersOf, prepareOf, wishFor } from "../support/cloud.js"

export const HERE = "192.0.2.7"
export const ELSEWHERE = "198.51.100.1"
/** Another instance of the default network, which is let in to everything there. */
export const NEIGHBOUR = "10.128.0.9"

export const accessFrom = (...from: readonly string[]): AccessRequest => ({ from, port: 22, isPrivate: false })
export const ACCESS = accessFrom(`${HERE}/32`)

/** The names of Muster's rules, without the part that tells clusters apart. */
export function rulesIn({ world }: Cloud): readonly string[] {
  const names = world.resources.list({ kind: "firewall" }).map(({ id }) => id.split("/").at(-1) ?? "")
  return names.flatMap((name) => /^muster-render-[0-9a-f]{12}-(.+)$/.exec(name)?.[1] ?? []).sort()
}

/** The requests of these names since then, in order. */
export function asked({ world }: Cloud, pattern: RegExp, since = 0): readonly string[] {
  const all = world.ledger.entries.slice(since).map(({ api }) => api)
  return all.filter((api) => pattern.test(api))
}

let launches = 0

/** Running instances of one group, in one zone. */
export async function launch(
  cloud: Cloud,
  count: number,
  group: Partial<GroupRequest>,
): Promise<readonly [Instance, ...Instance[]]> {
  launches += 1
  const offers = (await offersOf(cloud)).slice(0, 1)
  const prepared = await prepareOf(cloud, group)
  const wish = wishFor(offers, count, { id: `access${launches}`, group: group.name ?? "default" })
  const [call] = cloud.provider.split(wish, prepared, NO_ROOM)
  if (call === undefined) throw new Error("no launch call")
  await launchOne(cloud, call)
  await cloud.run(cloud.clock.sleep(30_000))
  const [first, ...others] = await cloud.run(cloud.provider.list({ launch: call.token }, cloud.bare()))
  if (first === undefined) throw new Error("nothing was launched")
  expect(others).toHaveLength(count - 1)
  return [first, ...others]
}

export function controlOf({ provider: { access } }: Cloud): AccessControl {
  if (access === undefined) throw new Error("no access")
  return access
}

/** Who of these comes in at the port. */
export function comers(cloud: Cloud, { id }: Instance, port: number, from: readonly string[]): readonly string[] {
  return from.filter((address) => cloud.wire.isOpen(id, port, address))
}

/** Removes all that is left of the cluster, as its end does. */
export async function removeLeft(cloud: Cloud, uid: string): Promise<readonly string[]> {
  const { leftovers, remove } = cloud.provider
  const left = (await cloud.run(leftovers?.({ uid }, cloud.bare()) ?? Promise.resolve([]))) ?? []
  await cloud.run(remove?.(left, cloud.bare()) ?? Promise.resolve())
  return left.map(({ kind, id }) => `${kind} ${id}`)
}
