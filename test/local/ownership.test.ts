/** Who holds a cluster's name. */
import { readdir, readFile, symlink, writeFile } from "node:fs/promises"
import { afterEach, describe, expect, test } from "vitest"
import { Cluster } from "../../src/cluster.js"
import { OwnershipError, RejectedError } from "../../src/errors.js"
import {
  bareCalls,
  calls,
  cleanUp,
  freshPlace,
  groupOf,
  only,
  ownerOf,
  type Place,
  placeAt,
  remainsOf,
  until,
} from "./support.js"

afterEach(cleanUp)

const prepare = (place: Place, change: Parameters<typeof ownerOf>[0]) =>
  place.provider.prepare(ownerOf(change), groupOf(), calls)

/** Makes the current claim look as if its process had died. */
async function orphanClaim(place: Place, number = 1): Promise<void> {
  const path = place.path("clusters", "default+render", `claim-${number}`)
  const claim = JSON.parse(await readFile(path, "utf8")) as object
  await writeFile(path, JSON.stringify({ ...claim, maker: "4194305 1@gone" }))
}

describe("a claim", () => {
  test("is the same when it is made again", async () => {
    const place = await freshPlace()
    await prepare(place, {})
    await prepare(place, {})
    expect(
      (await readdir(place.path("clusters", "default+render"))).filter((name) => name.startsWith("claim")),
    ).toEqual(["claim-1"])
  })

  test("of the same generation by another object is refused", async () => {
    const place = await freshPlace()
    await prepare(place, {})
    await expect(prepare(place, { claim: "claim-two" })).rejects.toBeInstanceOf(OwnershipError)
  })

  test("of the same generation at the same moment is given to exactly one", async () => {
    const place = await freshPlace()
    await prepare(place, {})
    const claims = ["a", "b", "c", "d", "e"].map((claim) => prepare(placeAt(place.root), { generation: 2, claim }))
    const settled = await Promise.allSettled(claims)
    expect(settled.filter((one) => one.status === "fulfilled")).toHaveLength(1)
    for (const one of settled) if (one.status === "rejected") expect(one.reason).toBeInstanceOf(OwnershipError)
  })

  test("of a later generation takes over, and the earlier one cannot come back", async () => {
    const place = await freshPlace()
    await prepare(place, {})
    await prepare(place, { generation: 2, claim: "claim-two" })
    await expect(prepare(place, {})).rejects.toThrow(/held by process \d+ with generation 2/)
  })

  test("shows on the instances where somebody holds the cluster by it; a delete's has no holder", async () => {
    const place = await freshPlace()
    const { id } = only(await place.launch())
    await place.reach(id, "running")
    const taken = async () => (await place.list())[0]?.tags["muster-taken"]
    await place.provider.claim?.(ownerOf({ generation: 2, claim: "claim-two" }), calls)
    expect(await taken()).toBeUndefined()
    await place.provider.claim?.(ownerOf({ generation: 3, claim: "claim-three", holder: "build-7_4711_1" }), calls)
    expect(await taken()).toBe("3")
  })

  test("is not made when nothing may be made", async () => {
    const place = await freshPlace()
    const prepared = await place.provider.prepare(ownerOf(), groupOf(), bareCalls({ readOnly: true }))
    expect(prepared.body).toMatchObject({ owner: { cluster: "render" } })
    expect(await readdir(place.root)).toEqual([])
  })
})

test("a cluster that is deleted while its owner lives stays gone, and the owner stops", async () => {
  const { provider, list } = await freshPlace()
  const spec = { name: "render", provider, instanceType: "local-1", startup: "exec sleep 1000" }
  const owner = new Cluster(spec, { journal: false })
  const problems: string[] = []
  owner.on("problem", ({ error }) => problems.push(error))
  await owner.scale(2)
  const rows = await Cluster.sweep({ provider, name: "render" })
  expect(rows.map(({ kind, removed }) => `${kind} ${removed}`)).toEqual([
    "instance true",
    "instance true",
    "cluster directory true",
  ])
  await until("the owner to stop", () => problems.includes("OwnershipError"))
  expect(await list()).toEqual([])
  expect(problems.filter((name) => name === "OwnershipError")).toHaveLength(1)
  const { instances, leaked } = await owner.close()
  expect(instances).toHaveLength(2)
  expect(leaked).toEqual([])
  expect(await list()).toEqual([])
})

describe("another cluster with the same name", () => {
  const other = { uid: "fedcba9876543210", claim: "claim-two" }

  test("is refused while the first one's process lives", async () => {
    const place = await freshPlace()
    await prepare(place, {})
    await expect(prepare(place, other)).rejects.toThrow(/a cluster with that name lives already/)
  })

  test("is refused while the first one has instances, though its process is dead", async () => {
    const place = await freshPlace()
    const { id } = only(await place.launch())
    await place.reach(id, "running")
    await orphanClaim(place)
    await expect(prepare(place, other)).rejects.toThrow(/with 1 instances/)
  })

  test("replaces what has neither", async () => {
    const place = await freshPlace()
    await prepare(place, {})
    await orphanClaim(place)
    await prepare(place, other)
    await expect(prepare(place, {})).rejects.toBeInstanceOf(OwnershipError)
  })

  test("is free to have it under another owner", async () => {
    const place = await freshPlace()
    await prepare(place, {})
    await prepare(place, { ...other, owner: "somebody" })
  })
})

describe("leftovers", () => {
  test("are the cluster's directory, and removing it frees the name", async () => {
    const place = await freshPlace()
    const { id } = only(await place.launch())
    await place.provider.terminate(await place.list(), calls)
    await place.vanish(id)
    await until("nothing to remain", async () => (await remainsOf(place.root)).length === 0)
    await writeFile(place.path("clusters", "default+render", "making", "half"), "written")
    const found = (await place.provider.leftovers?.({ cluster: "render", uid: "0123456789abcdef" }, calls)) ?? []
    expect(found).toMatchObject([{ kind: "cluster directory", tags: { "muster-owner": "default" }, shared: false }])
    await place.provider.remove?.(found, calls)
    expect(await readdir(place.root)).toEqual(["claims", "clusters", "instances", "looks", "version"])
    for (const folder of ["claims", "clusters", "instances"]) expect(await readdir(place.path(folder))).toEqual([])
    await prepare(place, { uid: "fedcba9876543210" })
  })

  test("are claims of an owner that died in its first launch, for whoever has the name since", async () => {
    const place = await freshPlace()
    await prepare(place, {})
    await orphanClaim(place)
    for (const file of ["local-a+local-1+0", "127.9.9.9"]) {
      const target = ["default-ffffffff", "default+render", "0123456789abcdef", "4194305 1@gone"]
      await symlink(target.map(encodeURIComponent).join("/"), place.path("claims", file))
    }
    await prepare(place, { uid: "fedcba9876543210", claim: "claim-two" })
    const found = await place.provider.leftovers?.({ cluster: "render", uid: "fedcba9876543210" }, calls)
    expect(found?.map(({ kind }) => kind).sort()).toEqual(["cluster directory", "stale claim", "stale claim"])
    await place.provider.remove?.(found ?? [], calls)
    expect(await readdir(place.path("claims"))).toEqual([])
  })

  test("of other clusters are not shown and not removed", async () => {
    const place = await freshPlace()
    await prepare(place, {})
    expect(await place.provider.leftovers?.({ cluster: "render", uid: "other" }, calls)).toEqual([])
    const [found] = (await place.provider.leftovers?.({}, calls)) ?? []
    if (found === undefined) throw new Error("nothing found")
    const stale = { ...found, tags: { ...found.tags, "muster-uid": "other" } }
    await place.provider.remove?.([stale], calls)
    expect(await place.provider.leftovers?.({}, calls)).toHaveLength(1)
  })

  test("are not removed from under live instances", async () => {
    const place = await freshPlace()
    await place.launch()
    const found = (await place.provider.leftovers?.({}, calls)) ?? []
    await expect(place.provider.remove?.(found, calls)).rejects.toBeInstanceOf(RejectedError)
    expect(await place.list()).toHaveLength(1)
  })
})
