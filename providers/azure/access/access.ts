/** What a group's `access` and `peers` add to what was prepared. Without them nothing is asked and nothing changes. */
import { SpecError, type SpecProblem } from "../../../src/errors.js"
import type { Calls, GroupRequest, Owner, Prepared } from "../../../src/provider.js"
import { sharedRead } from "../../../src/client/shared-read.js"
import type { Azure } from "../client/send.js"
import type { AzureOptions } from "../options.js"
import type { Blueprint } from "../prepare/blueprint.js"

import { missingDoors, openDoors } from "./doors.js"
import { givenNotes } from "./given.js"
import { doorId } from "./names.js"
import { ipv4Problems, isIpv4 } from "./ranges.js"
import type { Doors } from "./wanted.js"

/**
 * In the shared network the cluster's groups and rules are made, after the generation is claimed and before anything is launched. In a
 * subnet of the user's nothing is changed.
 */
export async function withAccess(
  azure: Azure,
  owner: Owner,
  group: GroupRequest,
  calls: Calls,
  prepared: Prepared,
): Promise<Prepared> {
  const { access, peers } = group
  if (access === undefined && peers === undefined) return prepared
  const { subnetId } = azure.options
  if (subnetId !== undefined) {
    return { ...prepared, notes: [...prepared.notes, ...(await givenNotes(azure, subnetId, group, calls))] }
  }
  const doors = doorsOf(azure, owner, group)
  const writes = await made(azure, { owner: { ...owner }, doors }, calls)
  const securityGroups = [doors.ssh, doors.peers].flatMap((door) => door?.id ?? [])
  const body = { ...(prepared.body as Blueprint), securityGroups }
  const toMake = calls.readOnly ? { toMake: { ...prepared.toMake, access: { "arm.writes": writes } } } : {}
  return { ...prepared, body, notes: [...prepared.notes, ...ipv6Notes(group)], ...toMake }
}

/** Once for all groups that ask at once. */
const made = sharedRead(
  async (azure: Azure, { owner, doors }: { readonly owner: Owner; readonly doors: Doors }, calls: Calls) => {
    if (calls.readOnly) return missingDoors(azure, owner, doors, calls)
    await openDoors(azure, owner, doors, calls)
    return 0
  },
  0,
)

function doorsOf(azure: Azure, owner: Owner, { access, peers }: GroupRequest): Doors {
  return {
    ...(access === undefined ? {} : { ssh: { id: doorId(azure, owner, "ssh"), from: access.from } }),
    ...(peers === true ? { peers: { id: doorId(azure, owner, "peers") } } : {}),
  }
}

function ipv6Notes({ access }: GroupRequest): readonly string[] {
  const ranges = access?.from.filter((range) => !isIpv4(range)) ?? []
  return ranges.length === 0
    ? []
    : [`Muster's network on Azure has IPv4 addresses alone: nobody comes from ${ranges.join(", ")}`]
}

/** @throws SpecError with all that is wrong with what a group asks for, beside the provider's options. Before anything is made. */
export function checkAsked(options: AzureOptions, group: GroupRequest): void {
  const { access } = group
  const ipv4 = access === undefined || options.subnetId !== undefined ? [] : ipv4Problems(access)
  const problems = [...loginProblems(options, group), ...ipv4]
  if (problems.length > 0) throw new SpecError(problems)
}

/**
 * `access` says who is let in. The provider's own options must say the same: the user the same name, and the key one of the lines that
 * `access` brings, whatever its comment. Two logins for one question would let in somebody of whom `access` says nothing.
 */
function loginProblems({ adminUsername, sshPublicKey }: AzureOptions, group: GroupRequest): readonly SpecProblem[] {
  const { access, user = "muster", plantedKey, authorizedKeys = [] } = group
  if (access === undefined) return []
  const problems: SpecProblem[] = []
  if (adminUsername !== undefined && adminUsername !== user) {
    const message = `is another user than that of access ("${user}"); keep access, and leave this option out, or give access: { user: "${adminUsername}" }`
    problems.push({ option: "azure.adminUsername", value: adminUsername, message })
  }
  const keys = [plantedKey, ...authorizedKeys].flatMap((line) => (line === undefined ? [] : [keyOf(line)]))
  if (sshPublicKey !== undefined && !keys.includes(keyOf(sshPublicKey))) {
    const message =
      'is no key that access lets in; keep access, leave this option out, and give the key in access: { authorizedKeys: ["…"] }'
    problems.push({ option: "azure.sshPublicKey", value: sshPublicKey, message })
  }
  return problems
}

/** The key itself: options may stand before it in a line of `authorized_keys`, and a comment behind it (sshd(8)). */
function keyOf(line: string): string {
  return /(?:ssh|ecdsa|sk)-\S+\s+[A-Za-z0-9+/]+=*/.exec(line)?.[0].replace(/\s+/, " ") ?? line.trim()
}
