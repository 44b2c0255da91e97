/** What the real guests are asked for. */
import type { GroupRequest, Owner } from "../../../src/provider.js"

/** Nothing of it may be carried out, and all of it must arrive. */
export const HOSTILE = `it's "5 o'clock" $HOME \`touch /pwned\` $(touch /pwned)\nMUSTER_END\n\\ % ü 𝌆 ;&|<>*?`

/** Of the year 2286. */
const FAR = 9_999_999_999

export function owner(deadline = FAR): Owner {
  return {
    cluster: "render",
    uid: "0123456789abcdef",
    owner: "default",
    generation: 1,
    deadline: String(deadline),
    claim: "c1",
  }
}

export function group(more: Partial<GroupRequest>): GroupRequest {
  const whenDone = { success: "keep", failure: "keep" } as const
  return {
    name: "cpu",
    environment: { HOSTILE },
    publicAddress: "auto",
    tags: {},
    archs: ["x86_64"],
    whenDone,
    ...more,
  }
}

/** The words of each mark in a status file, without its milliseconds. */
export function marksOf(status: string): readonly string[] {
  return status
    .trim()
    .split("\n")
    .map((line) => line.replace(/^\d+ /, ""))
}
