/** Removes firewall rules: those that open first, and those that close once nothing is open by Muster any more. */
import type { Calls } from "../../../../src/provider.js"
import { deleteRule, type FirewallContext } from "./requests.js"
import { isDenial } from "./rules.js"

/**
 * Where one of the first cannot be deleted, what closes stays. One that is not there is success.
 *
 * @param between what is done while everything is closed.
 */
export async function removeRules(
  context: FirewallContext,
  names: readonly string[],
  calls: Calls,
  between: () => Promise<void> = async () => {},
): Promise<void> {
  await removeAll(
    context,
    names.filter((name) => !isDenial({ name })),
    calls,
  )
  await between()
  await removeAll(
    context,
    names.filter((name) => isDenial({ name })),
    calls,
  )
}

async function removeAll(context: FirewallContext, names: readonly string[], calls: Calls): Promise<void> {
  const outcomes = await Promise.allSettled(names.map((name) => deleteRule(context, name, calls)))
  calls.signal.throwIfAborted()
  const refused = outcomes.find((outcome) => outcome.status === "rejected")
  if (refused !== undefined) throw refused.reason
}
