/** A launch call makes what it says, once. */
import { mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises"
import { afterEach, describe, expect, test } from "vitest"
import { CapacityError, OwnershipError, TransientError } from "../../src/errors.js"
import {
  bareCalls,
  callFor,
  calls,
  cleanUp,
  freshPlace,
  groupOf,
  only,
  ownerOf,
  placeAt,
  processesOf,
  remainsOf,
  secondsFromNow,
  until,
} from "./support.js"

afterEach(cleanUp)

const deadline = secondsFromNow(600)
const options = { owner: { deadline }, group: { startup: "exec sleep 1000" } }

describe("the same call again", () => {
  test("returns what the first one made", async () => {
    const place = await freshPlace()
    const call = await callFor(place.provider, { ...options, count: 3 })
    const first = await place.provider.launch(call, calls)
    const again = await Promise.all([1, 2, 3].map(() => place.provider.launch(call, calls)))
    const ids = first.instances.map((one) => one.id).sort()
    expect(ids).toEqual([...(call.names ?? [])].sort())
    for (const launched of again) expect(launched.instances.map((one) => one.id).sort()).toEqual(ids)
    expect(await place.list()).toHaveLength(3)
  })

  test("at the same moment, from two providers, makes each instance once", async () => {
    const place = await freshPlace()
    const second = placeAt(place.root)
    const call = await callFor(place.provider, { ...options, count: 8 })
    await Promise.all([1, 2].flatMap(() => [place.provider.launch(call, calls), second.provider.launch(call, calls)]))
    await until("all to run", async () => (await place.list({ states: ["running"] })).length === 8)
    const anchors = processesOf(place.root).filter(({ command }) => command.includes("supervise.sh watch"))
    expect(anchors).toHaveLength(8)
    const addresses = (await place.list()).map((one) => one.privateIp)
    expect(new Set(addresses).size).toBe(8)
    expect(await readdir(place.path("claims"))).toHaveLength(16)
  })

  test("after the instance was terminated returns it as terminated and makes nothing", async () => {
    const place = await freshPlace()
    const call = await callFor(place.provider, options)
    const { id, tags } = only(await place.provider.launch(call, calls))
    await place.reach(id, "running")
    await place.provider.terminate(await place.list(), calls)
    await place.vanish(id)
    const again = await place.provider.launch(call, calls)
    expect(again).toMatchObject({ instances: [{ id, state: "terminated", tags }], failures: [], settled: true })
    expect(await place.list()).toEqual([])
    await until("nothing to remain", async () => (await remainsOf(place.root)).length === 0)
  })

  test("starts an instance whose maker died between its directory and its supervisor", async () => {
    const place = await freshPlace()
    const call = await callFor(place.provider, options)
    const { id } = only(await place.provider.launch(call, calls))
    await place.reach(id, "running")
    // The same directory as it was before anybody started it, under a name of the next call.
    const next = await callFor(place.provider, { ...options, wish: "wish-2" })
    const name = next.names?.[0] ?? ""
    await copyUnstarted(place.root, id, name, [call.token, next.token])
    expect(await place.list({ ids: [name] })).toMatchObject([{ state: "pending" }])
    await place.provider.launch(next, calls)
    await place.reach(name, "running")
  })

  test("such an instance is started by whoever takes the cluster over, launch call or not", async () => {
    const place = await freshPlace()
    const { id } = only(await place.launch(options))
    await place.reach(id, "running")
    await copyUnstarted(place.root, id, "default-unborn", ["", ""])
    await place.provider.claim?.(ownerOf({ ...options.owner, generation: 2, claim: "claim-two" }), calls)
    await place.reach("default-unborn", "running")
  })

  test("an instance that nobody ever started can be terminated", async () => {
    const place = await freshPlace()
    const call = await callFor(place.provider, options)
    const { id } = only(await place.provider.launch(call, calls))
    await place.reach(id, "running")
    await copyUnstarted(place.root, id, "default-unborn", ["", ""])
    const pending = await place.list({ ids: ["default-unborn"] })
    expect(pending).toMatchObject([{ state: "pending" }])
    await place.provider.terminate(pending, calls)
    expect(await place.list({ ids: ["default-unborn"] })).toEqual([])
  })
})

/** What of a guest is there before it runs. */
const GUEST_FILES = ["guest", "environment", "startup"]

/** Copies an instance's directory without the traces of its life. */
async function copyUnstarted(root: string, from: string, to: string, change: readonly [string, string]): Promise<void> {
  const here = `${root}/instances/${to}`
  const nonce = "00000000000000000000000000000001"
  for (const folder of ["work", "guest"]) await mkdir(`${here}/${folder}`, { recursive: true })
  for (const file of ["instance.json", "settings", "supervise.sh", ...GUEST_FILES.map((name) => `guest/${name}`)]) {
    const text = await readFile(`${root}/instances/${from}/${file}`, "utf8")
    const renamed = text.replaceAll(from, to).replace(/("nonce":"|nonce='|INSTANCE=')[0-9a-f]{32}/, `$1${nonce}`)
    await writeFile(`${here}/${file}`, change[0] === "" ? renamed : renamed.replaceAll(change[0], change[1]))
  }
}

describe("capacity", () => {
  test("gives what there is room for, and says why not more", async () => {
    const place = await freshPlace({ capacity: 3 })
    const call = await callFor(place.provider, { ...options, count: 5 })
    const first = await place.provider.launch(call, calls)
    expect(first.instances).toHaveLength(3)
    expect(first.failures).toMatchObject([
      { reason: "capacity", count: 2, scope: { zone: "local-a", instanceType: "local-1" }, code: "CapacityReached" },
    ])
    expect(first.failures[0]?.message).toContain("local({ capacity })")
  })

  test("a replay gives no more than the first sending did, though there is room by then", async () => {
    const place = await freshPlace({ capacity: 3 })
    const call = await callFor(place.provider, { ...options, count: 5 })
    const first = await place.provider.launch(call, calls)
    const wider = placeAt(place.root, { capacity: 10 })
    const again = await wider.provider.launch(call, calls)
    expect(again.instances).toHaveLength(3)
    expect(again.failures).toEqual(first.failures)
    expect(await place.list()).toHaveLength(3)
  })

  test("with no room at all is an error with a scope", async () => {
    const place = await freshPlace({ capacity: 2 })
    await place.launch({ ...options, count: 2 })
    const refused = await place.launch({ ...options, count: 2, wish: "wish-2" }).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(CapacityError)
    expect(refused).toMatchObject({ scope: { provider: "local", zone: "local-a", instanceType: "local-1" } })
    expect(await place.list()).toHaveLength(2)
  })

  test("is kept by calls at the same moment, and comes back when instances end", async () => {
    const place = await freshPlace({ capacity: 6 })
    const all = [1, 2, 3].map((number) => place.launch({ ...options, count: 4, wish: `wish-${number}` }))
    const settled = await Promise.allSettled(all)
    const made = settled.flatMap((one) => (one.status === "fulfilled" ? one.value.instances : []))
    expect(made).toHaveLength(6)
    await place.provider.terminate(await place.list(), calls)
    await until("all to be gone", async () => (await place.list()).length === 0)
    await until("the places to be free", async () => (await remainsOf(place.root)).length === 0)
    expect((await place.launch({ ...options, count: 6, wish: "wish-9" })).instances).toHaveLength(6)
  })

  test("is not lost to a maker that died", async () => {
    const place = await freshPlace({ capacity: 1 })
    await place.provider.prepare(ownerOf(options.owner), groupOf(options.group), calls)
    const dead = ["default-ffffffff", "default+render", "uid", "4194305 1@gone"].map(encodeURIComponent).join("/")
    await symlink(dead, place.path("claims", "local-a+local-1+0"))
    expect((await place.provider.leftovers?.({}, calls))?.map((one) => one.kind)).toContain("stale claim")
    const { id } = only(await place.launch(options))
    await place.reach(id, "running")
  })
})

describe("a launch that cannot go on", () => {
  test("leaves nothing half made when its directory goes away", async () => {
    const place = await freshPlace()
    const call = await callFor(place.provider, { ...options, count: 2 })
    await rm(place.path("instances"), { recursive: true })
    await writeFile(place.path("instances"), "")
    await expect(place.provider.launch(call, calls)).rejects.toThrow(/launching 2 x local-1 in local-a: ENOTDIR/)
    expect(await readdir(place.path("claims"))).toEqual([])
    expect(await readdir(place.path("clusters", "default+render", "making"))).toEqual([])
  })

  test("because it was aborted is of unknown outcome, and a replay completes it", async () => {
    const place = await freshPlace()
    const call = await callFor(place.provider, { ...options, count: 2 })
    const signal = AbortSignal.abort(new Error("enough"))
    await expect(place.provider.launch(call, bareCalls({ signal }))).rejects.toBeInstanceOf(TransientError)
    expect(await readdir(place.path("claims"))).toEqual([])
    expect((await place.provider.launch(call, calls)).instances).toHaveLength(2)
  })

  test("under a name that was taken over makes nothing, and still returns what it made before", async () => {
    const place = await freshPlace()
    const made = await callFor(place.provider, options)
    const { id } = only(await place.provider.launch(made, calls))
    const unmade = await callFor(place.provider, { ...options, wish: "wish-2" })
    await place.provider.prepare(ownerOf({ deadline, generation: 2, claim: "claim-two" }), groupOf(), calls)
    await expect(place.provider.launch(unmade, calls)).rejects.toBeInstanceOf(OwnershipError)
    expect(only(await place.provider.launch(made, calls)).id).toBe(id)
    expect(await place.list()).toHaveLength(1)
  })
})

test("settle looks, and makes nothing", async () => {
  const place = await freshPlace()
  const call = await callFor(place.provider, { ...options, count: 2 })
  expect(await place.provider.settle(call, null, calls)).toEqual({ instances: [], failures: [], settled: true })
  await place.provider.launch(call, calls)
  expect((await place.provider.settle(call, null, calls)).instances).toHaveLength(2)
  expect(await place.list()).toHaveLength(2)
})

test("a script's first line may name its interpreter, and its variables may have any name", async () => {
  const place = await freshPlace()
  const environment = { here: "/nowhere", PATH: "/nowhere", first: "mine" }
  const startup = `#!${process.execPath}\nrequire("node:fs").writeFileSync("said", process.env.here + process.env.first)\n`
  const { id } = only(await place.launch({ group: { startup, environment } }))
  await place.reach(id, "running")
  const said = () => readFile(place.path("instances", id, "work", "said"), "utf8").catch(() => "")
  await until("it to have run", async () => (await said()) !== "")
  expect(await said()).toBe("/nowheremine")
  const other = await freshPlace()
  const missing = only(await other.launch({ group: { startup: "#!/no/such/interpreter\nexit 0\n" } }))
  await other.reach(missing.id, "terminated")
})
