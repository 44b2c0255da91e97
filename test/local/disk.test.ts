/** Real disks that do not do what is asked of them. */
import { spawnSync } from "node:child_process"
import { chown, mkdtemp, readdir, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, describe, expect, test } from "vitest"
import { RejectedError } from "../../src/errors.js"
import {
  callFor,
  calls,
  cleanUp,
  freshPlace,
  groupOf,
  only,
  ownerOf,
  placeAt,
  remainsOf,
  secondsFromNow,
  until,
} from "./support.js"

const deadline = secondsFromNow(600)
const options = { owner: { deadline }, group: { startup: "exec sleep 1000" } }

function mounts(...given: readonly string[]): boolean {
  return spawnSync("mount", given, { stdio: "ignore" }).status === 0
}

/** Only a root user who may mount can make a disk of a chosen size. */
const mayMount = (() => {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false
  const isMounted = mounts("-t", "tmpfs", "-o", "size=64k", "muster-probe", "/mnt")
  if (isMounted) spawnSync("umount", ["/mnt"])
  return isMounted
})()

const disks: string[] = []
afterEach(async () => {
  await cleanUp()
  for (const path of disks.splice(0)) {
    spawnSync("umount", ["-l", path])
    await rm(path, { recursive: true, force: true })
  }
})

async function disk(...given: readonly string[]): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "muster-disk-"))
  disks.push(path)
  if (!mounts(...given, path)) throw new Error(`mount ${given.join(" ")} does not work any more`)
  return path
}

/** Until not one more byte fits. */
async function fill(path: string): Promise<void> {
  for (const size of [65_536, 4096, 1]) {
    for (let file = 0; ; file += 1) {
      const written = await writeFile(join(path, `fill-${size}-${file}`), "x".repeat(size)).catch(() => "full")
      if (written === "full") break
    }
  }
}

async function filesOf(root: string): Promise<readonly string[]> {
  return (await remainsOf(root)).filter((one) => !one.startsWith("process"))
}

describe.skipIf(!mayMount)("a disk that is full", () => {
  test("launches nothing and leaves nothing half made, still lists, and ends all that runs", async () => {
    const path = await disk("-t", "tmpfs", "-o", "size=512k", "muster-full")
    const place = placeAt(join(path, "root"))
    const { instances } = await place.launch({ ...options, count: 2 })
    for (const { id } of instances) await place.reach(id, "running")
    await fill(path)
    const before = await filesOf(place.root)
    const refused = await place.launch({ ...options, wish: "wish-2" }).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(RejectedError)
    expect((refused as Error).message).toMatch(/ENOSPC.*free some space/)
    expect(await filesOf(place.root)).toEqual(before)
    expect(await place.list()).toHaveLength(2)
    await place.provider.terminate(await place.list(), calls)
    for (const { id } of instances) await place.vanish(id)
    await until("nothing to remain", async () => (await remainsOf(place.root)).length === 0)
  })
})

describe.skipIf(!mayMount)("a state directory that is read-only", () => {
  test("launches nothing, still lists, and ends all that runs", async () => {
    const place = await freshPlace()
    const { id } = only(await place.launch(options))
    await place.reach(id, "running")
    const path = await disk("--bind", "-o", "ro", place.root)
    const readOnly = placeAt(path)
    await expect(readOnly.launch({ ...options, wish: "wish-2" })).rejects.toThrow(/EROFS.*readable and writable/)
    expect(await readOnly.list()).toMatchObject([{ id, state: "running" }])
    await readOnly.provider.terminate(await readOnly.list(), calls)
    await readOnly.vanish(id)
  })
})

describe.skipIf(process.getuid?.() !== 0)("a state directory from another user", () => {
  test("is refused with whose it is: what is in it is executed", async () => {
    const place = await freshPlace()
    await chown(place.root, 12_345, 12_345)
    const refused = await place.provider.prepare(ownerOf(), groupOf(), calls).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(RejectedError)
    expect((refused as Error).message).toMatch(/owner 12345.*chown it to user 0/)
    expect(await readdir(place.root)).toEqual([])
  })
})

describe("a state directory from a later version", () => {
  test("is refused by every verb that would have to understand it", async () => {
    const place = await freshPlace()
    const { provider } = place
    const call = await callFor(provider)
    await writeFile(place.path("version"), "2\n")
    const message = /its state is of version 2, and this library knows 1; update muster/
    await expect(provider.prepare(ownerOf(), groupOf(), calls)).rejects.toThrow(message)
    await expect(provider.launch(call, calls)).rejects.toThrow(message)
    await expect(provider.list({}, calls)).rejects.toThrow(message)
    await expect(provider.leftovers?.({}, calls)).rejects.toThrow(message)
    expect(await readdir(place.path("instances"))).toEqual([])
  })
})
