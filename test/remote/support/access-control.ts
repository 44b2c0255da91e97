/** A cloud's access control in memory: what the seam promises, and no more. */
import { RejectedError } from "../../../src/errors.js"
import type { AccessControl, AccessRequest, Instance, Opening, Provider } from "../../../src/provider.js"

export interface FakeAccess {
  /** The provider, with a control of its openings. */
  readonly provider: Provider
  /** What was asked of it, in order: "open 192.0.2.7/32 to 2". */
  readonly asked: string[]
  /** The next request is refused with these words. */
  refuse(message: string): void
}

/** @param own what the user has opened: it is shown, and never closed. */
export function withAccess(provider: Provider, own: readonly Opening[] = []): FakeAccess {
  const asked: string[] = []
  const open = new Map<string, Set<string>>()
  let refusal: string | undefined
  const note = (words: string, instances: readonly Instance[]) => {
    asked.push(`${words} ${instances.length}`)
    if (refusal === undefined) return
    const message = refusal
    refusal = undefined
    throw new RejectedError(message)
  }
  const shown = (uid: string): readonly Opening[] => {
    const from = [...(open.get(uid) ?? [])]
    return [...own, ...(from.length === 0 ? [] : [{ rule: `fake-${uid.slice(0, 4)}`, from }])]
  }
  const access: AccessControl = {
    openings: async ({ uid }, instances, calls) =>
      calls.send("fake.openings", {}, () => {
        note("openings", instances)
        return Promise.resolve(shown(uid))
      }),
    open: async ({ uid }, { from }: AccessRequest, instances, calls) =>
      calls.send("fake.open", {}, () => {
        note(`open ${from.join(" ")} to`, instances)
        open.set(uid, new Set([...(open.get(uid) ?? []), ...from]))
        return Promise.resolve(shown(uid))
      }),
    close: async ({ uid }, instances, calls) =>
      calls.send("fake.close", {}, () => {
        note("close", instances)
        open.delete(uid)
        return Promise.resolve()
      }),
  }
  const limits = { ...provider.limits, takesKeys: true } as const
  const route = ({ publicIp, privateIp }: Instance) =>
    ({ kind: "ssh", addresses: [publicIp ?? privateIp ?? "127.0.0.1"], port: 1 }) as const
  return {
    provider: { ...provider, limits, access, route },
    asked,
    refuse: (message) => {
      refusal = message
    },
  }
}
