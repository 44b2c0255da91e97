/** The head of an engine as its engine reaches it: nothing that was opened to it outlives it. */
import { afterEach, expect, test, vi } from "vitest"
import type { Fleet } from "../../../src/fleet/state/context.js"
import type { Forward, Remote } from "../../../src/remote/remote.js"
import { Heads } from "../../../src/session/engine/heads.js"
import { Reach } from "../../../src/session/reach.js"

afterEach(() => vi.restoreAllMocks())

function stage() {
  const abort = new AbortController()
  const instance = { id: "i-1", launchedAt: 0, privateIp: "10.0.0.1" }
  const head = { state: "running", group: "head", instance, provider: {} }
  const roster = { inGroup: () => ({ in: () => [head] }) }
  const fleet = { signal: abort.signal, engine: {}, roster, owner: { cluster: "c" } } as unknown as Fleet
  return { abort, heads: new Heads(fleet) }
}

/** @param meanwhile happens before the port is open. */
function openingBy(meanwhile: () => void): readonly Forward[] {
  const open: Forward[] = []
  const forward: Remote["forward"] = async (port) => {
    await Promise.resolve()
    meanwhile()
    const one = { port, close: () => Promise.resolve(void open.splice(open.indexOf(one), 1)) }
    open.push(one)
    return one
  }
  vi.spyOn(Reach.prototype, "remoteTo").mockResolvedValue({ forward } as Remote)
  return open
}

test("a port of it is closed with it", async () => {
  const { abort, heads } = stage()
  const open = openingBy(() => {})
  expect(await heads.head().reach(8787)).toEqual({ host: "127.0.0.1", port: 8787 })
  expect(open).toHaveLength(1)
  abort.abort(new Error("the cluster is closed"))
  expect(open).toEqual([])
})

test("one that opens when it is no more is closed as well", async () => {
  const { abort, heads } = stage()
  const open = openingBy(() => abort.abort(new Error("the cluster is closed")))
  await expect(heads.head().reach(8787)).rejects.toThrow("this head is no more")
  expect(open).toEqual([])
})

test("what is asked of it ends with it, or with who asks", () => {
  const { abort, heads } = stage()
  const [first, second] = [new AbortController(), new AbortController()]
  expect([heads.head(first).signal, heads.head(second).signal]).toEqual([first.signal, second.signal])
  first.abort(new Error("nobody waits any more"))
  expect(second.signal.aborted).toBe(false)
  abort.abort(new Error("the cluster is closed"))
  expect(String(second.signal.reason)).toContain("this head is no more")
})
