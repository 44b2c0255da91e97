/** User data: the guest's script, with the group's spec packed into its second line where there is room. */
import { deflateRawSync, inflateRawSync } from "node:zlib"
import type { GroupRequest, Owner } from "../../../src/provider.js"
import { guestScript } from "./guest.js"
import { USER_DATA_BYTES } from "../limits.js"

export interface UserData {
  readonly text: string
  readonly notes: readonly string[]
}

/** A comment to every shell. */
const MARK = "# muster-spec "

/** The spec is there for owners that attach by name. It is left out where the script needs the room itself. */
export function userDataOf(owner: Owner, group: GroupRequest, region: string): UserData {
  const plain = guestScript(owner, group, region)
  if (group.spec === undefined) return { text: plain, notes: [] }
  const packed = `${MARK}${deflateRawSync(group.spec.text).toString("base64")}`
  const whole = guestScript(owner, group, region, packed)
  if (Buffer.byteLength(whole) <= USER_DATA_BYTES) return { text: whole, notes: [] }
  const missing = Buffer.byteLength(whole) - USER_DATA_BYTES
  const note = `user data has no room for the spec of group "${group.name}" (${missing} bytes too few): whoever attaches by name must give it again`
  return { text: plain, notes: [note] }
}

/** Far above any spec; user data that another program wrote must not fill this process's memory. */
const MOST_SPEC_BYTES = 1024 * 1024

/** The spec in an instance's user data; undefined when there is none, or what there is cannot be read. */
export function specIn(userData: string): string | undefined {
  const second = userData.split("\n", 2)[1] ?? ""
  if (!second.startsWith(MARK)) return undefined
  try {
    const packed = Buffer.from(second.slice(MARK.length), "base64")
    return inflateRawSync(packed, { maxOutputLength: MOST_SPEC_BYTES }).toString("utf8")
  } catch {
    return undefined
  }
}
