/** User data: the guest's program, with the group's spec packed into its second line where there is room. */
import { deflateRawSync, inflateRawSync } from "node:zlib"
import { isCloudConfig } from "../../../src/guest/text.js"
import { archiveOf, fitted, textOf } from "../../../src/guest/user-data.js"
import type { GroupRequest, Owner } from "../../../src/provider.js"
import { guestScript } from "./guest.js"
import { USER_DATA_BYTES } from "../limits.js"

export interface UserData {
  readonly bytes: Buffer
  readonly notes: readonly string[]
}

/** A comment to every shell, and a header that no program of an archive asks for. */
const MARKS = { script: "# muster-spec ", archive: "X-Muster-Spec: " } as const

/** The spec is there for owners that attach by name. It is left out where the program needs the room itself. */
export function userDataOf(owner: Owner, group: GroupRequest, region: string): UserData {
  const plain = bytesOf(owner, group, region)
  if (group.spec === undefined) return { bytes: plain, notes: [] }
  const whole = bytesOf(owner, group, region, deflateRawSync(group.spec.text).toString("base64"))
  if (whole.length <= USER_DATA_BYTES) return { bytes: whole, notes: [] }
  const missing = whole.length - USER_DATA_BYTES
  const note = `user data has no room for the spec of group "${group.name}" (${missing} bytes too few): whoever attaches by name must give it again`
  return { bytes: plain, notes: [note] }
}

function bytesOf(owner: Owner, group: GroupRequest, region: string, spec?: string): Buffer {
  const { startup } = group
  const second = (mark: string) => (spec === undefined ? undefined : `${mark}${spec}`)
  const text =
    startup !== undefined && isCloudConfig(startup)
      ? archiveOf(guestScript(owner, group, region), startup, second(MARKS.archive))
      : guestScript(owner, group, region, second(MARKS.script))
  return fitted(text, USER_DATA_BYTES)
}

/** Far above any spec; user data that another program wrote must not fill this process's memory. */
const MOST_SPEC_BYTES = 1024 * 1024

/** The spec in an instance's user data, in each of its forms; undefined when there is none, or what there is cannot be read. */
export function specIn(userData: Buffer): string | undefined {
  try {
    const second = textOf(userData).split("\n", 2)[1] ?? ""
    const mark = Object.values(MARKS).find((one) => second.startsWith(one))
    if (mark === undefined) return undefined
    const packed = Buffer.from(second.slice(mark.length), "base64")
    return inflateRawSync(packed, { maxOutputLength: MOST_SPEC_BYTES }).toString("utf8")
  } catch {
    return undefined
  }
}
