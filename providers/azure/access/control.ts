/** `access` of a cluster that lives already: the same groups and rules that a launch has, for instances without them. */
import { SpecError } from "../../../src/errors.js"
import type { AccessControl, Calls, Opening, Owner } from "../../../src/provider.js"
import type { Azure } from "../client/send.js"
import { addressesOf, openingsIn } from "./filters.js"
import { openDoors } from "./doors.js"
import { join } from "./interfaces.js"
import { doorId, nameOf } from "./names.js"
import { ipv4Problems } from "./ranges.js"
import { deleteRule, listRules, refersTo, sourcesOf, untilGone } from "./rules.js"

const SSH = 22

/** Of the shared network: in a subnet of the user's Muster opens nothing. */
export function accessOf(azure: Azure): AccessControl {
  return {
    openings: (owner, _instances, calls) => openings(azure, owner, calls),
    open: async (owner, access, instances, calls) => {
      calls.signal.throwIfAborted()
      const problems = ipv4Problems(access)
      if (problems.length > 0) throw new SpecError(problems)
      const id = doorId(azure, owner, "ssh")
      await openDoors(azure, owner, { ssh: { id, from: access.from } }, calls)
      // Whoever joins is reachable at once: the rule stands before.
      await join(azure, id, instances, calls)
      return openings(azure, owner, calls)
    },
    close: async (owner, _instances, calls) => {
      const name = nameOf(owner, "ssh")
      await deleteRule(azure, name, calls)
      await untilGone(azure, [name], calls)
    },
  }
}

/** The cluster's own rule, and what the user has written into the shared security group for all machines there. */
async function openings(azure: Azure, owner: Owner, calls: Calls): Promise<readonly Opening[]> {
  const rules = await listRules(azure, calls)
  const id = doorId(azure, owner, "ssh")
  const own = rules.flatMap(({ name = "", properties = {} }) => {
    const isOurs = refersTo(properties.destinationApplicationSecurityGroups, id) && properties.access === "Allow"
    return isOurs ? [{ rule: name, from: sourcesOf(properties).flatMap(addressesOf) }] : []
  })
  return [...own, ...openingsIn(rules, SSH)]
}
