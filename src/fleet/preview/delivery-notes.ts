/** Delivery notes: what `plan` says of the files that each new worker is brought. */
import { sizeText } from "../../text.js"
import type { Fleet } from "../state/context.js"
import type { GroupState } from "../state/group-state.js"
import { collect } from "../../remote/files/collect.js"

/** @param count how many workers would be launched. @throws SpecError where files cannot be read. */
export async function deliveryNotes(
  { clock }: Fleet,
  { group }: GroupState,
  count: number,
): Promise<readonly string[]> {
  const names = [...group.secrets.keys()].sort().join(", ")
  const secrets =
    names === "" ? [] : [`secrets: ${names}; their values are brought to each worker, and are kept nowhere else`]
  if (count <= 0) return secrets
  const sets = group.files.map(({ from, ignore }) => collect(from, ignore))
  const files = await clock.busy("reading files for workers", Promise.all(sets))
  return [
    ...files.map(({ from, entries, bytes }) => {
      const all = sizeText(bytes * count)
      return `files: ${from}: ${entries.length} files, ${sizeText(bytes)}; for ${count} workers ${all} to send`
    }),
    ...secrets,
  ]
}
