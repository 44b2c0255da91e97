/**
 * Join groups: puts instances into security groups beside those that they are in. EC2 replaces all groups of an interface at once, and
 * refuses no request that was made by an older reading: who opens at the same moment may undo what this one does, and is not told.
 * So it is read again, and done again, until two readings agree.
 */
import { TransientError } from "../../../../src/errors.js"
import type { Calls, Instance, Owner } from "../../../../src/provider.js"
import { chunks } from "../../client/pages.js"
import type { Send } from "../../client/send.js"
import { changeGroups } from "./change-groups.js"
import { type Interface, interfacesOf } from "./interfaces.js"

export interface ToJoin {
  readonly owner: Owner
  readonly instances: readonly Instance[]
  /** By VPC. */
  readonly groups: ReadonlyMap<string, readonly string[]>
}

/** Read and changed together: what is changed was read a moment ago, however many there are, and however slowly EC2 takes changes. */
const PART = 20

/** From one reading to the next, in milliseconds: longer than a request takes that others have made by an earlier reading. */
const SETTLE_MS = 2_000

/** Changes of others, and answers that are behind, are over long before. */
const MOST_ROUNDS = 10

/** @returns the interfaces as they are then. @throws TransientError where somebody undoes it again and again; what EC2 refuses. */
export async function joinGroups(send: Send, wanted: ToJoin, calls: Calls): Promise<readonly Interface[]> {
  const gone = new Set<string>()
  let [agreed, needed] = [0, 1]
  for (let round = 1; ; round += 1) {
    const { joined, changed } = await joinOnce(send, wanted, gone, calls)
    if (changed.length > 0) [agreed, needed] = [0, 2]
    else agreed += 1
    if (agreed === needed) return joined
    if (changed[0] !== undefined && round >= MOST_ROUNDS) throw undone(changed[0])
    // The first changes are looked at without a pause.
    if (round > 1) await calls.pause?.(SETTLE_MS)
  }
}

/** @param gone interfaces that a list shows still, and that are no more. */
async function joinOnce(send: Send, { owner, instances, groups }: ToJoin, gone: Set<string>, calls: Calls) {
  const joined: Interface[] = []
  const changed: Interface[] = []
  for (const part of chunks(instances, PART)) {
    const interfaces = await interfacesOf(send, owner, part, calls)
    const after = interfaces.map((one) =>
      one.isPrimary && !gone.has(one.id) ? withGroups(one, groups.get(one.vpc) ?? []) : one,
    )
    for (const id of await changeGroups(send, interfaces, after, calls)) gone.add(id)
    joined.push(...after)
    changed.push(...after.filter((one, index) => one !== interfaces[index] && !gone.has(one.id)))
  }
  return { joined, changed }
}

function withGroups(one: Interface, more: readonly string[]): Interface {
  const groups = [...new Set([...one.groups, ...more])]
  return groups.length === one.groups.length ? one : { ...one, groups }
}

function undone({ id, instance }: Interface): TransientError {
  return new TransientError(
    `opening ssh to ${instance}: somebody else changes the security groups of ${instance} (${id}) as well, and what was opened is gone each time it is looked at, ${MOST_ROUNDS} times; try again`,
  )
}
