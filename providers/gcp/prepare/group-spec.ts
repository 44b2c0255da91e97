/** The spec of a group, as its instances keep it for a process that attaches by the cluster's name. */
import { TAG } from "../../../src/fleet/tags.js"
import type { GroupRequest } from "../../../src/provider.js"
import { METADATA_BYTES, METADATA_VALUE_BYTES } from "../limits.js"
import type { Blueprint } from "./blueprint.js"

/** The metadata that keeps a group's spec, for a process that attaches by name. */
export const SPEC_KEY = "muster-spec"

interface SpecItems {
  readonly items: Blueprint["metadata"]
  readonly labels: Readonly<Record<string, string>>
  readonly notes: readonly string[]
}

/** Each instance keeps the group's spec, where its metadata has room beside what the instance itself needs. */
export function specItems({ name, spec }: GroupRequest, others: Blueprint["metadata"]): SpecItems {
  if (spec === undefined) return { items: [], labels: {}, notes: [] }
  const labels = { [TAG.spec]: spec.digest }
  const item = { key: SPEC_KEY, value: spec.text }
  const all = [...others, item].reduce(
    (sum, { key, value }) => sum + Buffer.byteLength(key) + Buffer.byteLength(value),
    0,
  )
  if (Buffer.byteLength(spec.text) <= METADATA_VALUE_BYTES && all < METADATA_BYTES) {
    return { items: [item], labels, notes: [] }
  }
  const note = `the spec of group "${name}" is too large for an instance's metadata: who attaches by name must give it again`
  return { items: [], labels, notes: [note] }
}
