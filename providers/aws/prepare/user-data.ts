/** User data: the guest's program, with the group's spec packed into its second line where there is room. */
import { deflateRawSync, gunzipSync, gzipSync, inflateRawSync } from "node:zlib"
import type { GroupRequest, Owner } from "../../../src/provider.js"
import { guestScript } from "./guest.js"
import { USER_DATA_BYTES } from "../limits.js"

export interface UserData {
  readonly bytes: Buffer
  readonly notes: readonly string[]
}

/** A comment to every shell. */
const MARK = "# muster-spec "

/** The spec is there for owners that attach by name. It is left out where the program needs the room itself. */
export function userDataOf(owner: Owner, group: GroupRequest, region: string): UserData {
  const plain = fitted(guestScript(owner, group, region))
  if (group.spec === undefined) return { bytes: plain, notes: [] }
  const packed = `${MARK}${deflateRawSync(group.spec.text).toString("base64")}`
  const whole = fitted(guestScript(owner, group, region, packed))
  if (whole.length <= USER_DATA_BYTES) return { bytes: whole, notes: [] }
  const missing = whole.length - USER_DATA_BYTES
  const note = `user data has no room for the spec of group "${group.name}" (${missing} bytes too few): whoever attaches by name must give it again`
  return { bytes: plain, notes: [note] }
}

/** Compressed only where it has to be: cloud-init unpacks it, and other programs of an image may not. */
function fitted(text: string): Buffer {
  const bytes = Buffer.from(text)
  return bytes.length <= USER_DATA_BYTES ? bytes : gzipSync(bytes, { level: 9 })
}

/** Far above any user data; what another program wrote must not fill this process's memory. */
const MOST_BYTES = 1024 * 1024

/** The spec in an instance's user data, compressed or not; undefined when there is none, or what there is cannot be read. */
export function specIn(userData: Buffer): string | undefined {
  try {
    const isPacked = userData[0] === 0x1f && userData[1] === 0x8b
    const text = (isPacked ? gunzipSync(userData, { maxOutputLength: MOST_BYTES }) : userData).toString("utf8")
    const second = text.split("\n", 2)[1] ?? ""
    if (!second.startsWith(MARK)) return undefined
    const packed = Buffer.from(second.slice(MARK.length), "base64")
    return inflateRawSync(packed, { maxOutputLength: MOST_BYTES }).toString("utf8")
  } catch {
    return undefined
  }
}
