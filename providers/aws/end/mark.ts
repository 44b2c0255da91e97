/** Marks: what was taken over tells so by its tags. */
import { AuthError, MusterError } from "../../../src/errors.js"
import { takenTags } from "../../../src/fleet/tags.js"
import type { Calls, Instance, Owner } from "../../../src/provider.js"
import type { Send } from "../client/send.js"

/**
 * One CreateTags, for the instance that was launched first: lists and requests know it. An instance that has gone meanwhile is no
 * error, nor is a role that may not tag what is there: whoever had the cluster before reads the claim once an instance goes.
 */
export async function mark(send: Send, owner: Owner, instances: readonly Instance[], calls: Calls): Promise<void> {
  const [oldest] = [...instances].sort((a, b) => a.launchedAt - b.launchedAt)
  if (oldest === undefined) return
  const Tags = Object.entries(takenTags(owner)).map(([Key, Value]) => ({ Key, Value }))
  const what = `tagging ${oldest.id} as taken over`
  try {
    await send(calls, "CreateTags", { CreateTags: 1 }, { Resources: [oldest.id], Tags }, { what })
  } catch (error) {
    const isGone = error instanceof MusterError && error.code === "InvalidInstanceID.NotFound"
    if (!isGone && !(error instanceof AuthError)) throw error
  }
}
