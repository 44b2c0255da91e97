/** An owner, a group and wishes, for tests that drive an adapter's verbs by themselves. */
import type { GroupRequest, Offer, Owner, Wish } from "../../src/provider.js"

export const OWNER: Owner = {
  cluster: "render",
  uid: "0123456789abcdef",
  owner: "default",
  generation: 1,
  deadline: String(Date.UTC(2026, 0, 2) / 1000),
  claim: "c1",
}

export const GROUP: GroupRequest = {
  name: "default",
  startup: "echo hello",
  environment: { COLOUR: "blue" },
  publicAddress: "auto",
  tags: { team: "video" },
  archs: ["x86_64"],
}

let wishes = 0

/** An id never used before; market and architecture are those of the best offer. */
export function wishFor(offers: readonly Offer[], count: number, rest: Partial<Wish> = {}): Wish {
  wishes += 1
  const { market = "on-demand", arch = "x86_64" } = offers[0] ?? {}
  return {
    id: `w${wishes}`,
    uid: OWNER.uid,
    group: "default",
    count,
    offers,
    market,
    arch,
    spread: "one-zone",
    ...rest,
  }
}

export const NO_ROOM = { levels: {}, launches: [] } as const

/** What is given as undefined is taken away. */
export function definedOf(options: object): object {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}
