/** What is left of an instance whose directory cannot be removed, because something that nobody knows any more writes there. */
import { readdir } from "node:fs/promises"
import { afterEach, expect, test, vi } from "vitest"
import {
  calls,
  cleanUp,
  freshPlace,
  kill,
  killIfThere,
  noteNonces,
  only,
  pidIn,
  processesOf,
  until,
} from "./support.js"

const files = vi.hoisted(() => ({ isWritten: false }))
vi.mock(import("node:fs/promises"), async (original) => {
  const own = await original()
  const rm: typeof own.rm = async (path, options) => {
    if (!files.isWritten || !String(path).includes("/trash/")) return own.rm(path, options)
    throw Object.assign(new Error("ENOTEMPTY: directory not empty"), { code: "ENOTEMPTY", errno: -39 })
  }
  return { ...own, rm }
})

afterEach(() => {
  files.isWritten = false
  return cleanUp()
})

test("is in the way of no list, and goes with its cluster's directory", async () => {
  const place = await freshPlace()
  const { id } = only(await place.launch({ group: { startup: "exec sleep 1000" } }))
  await place.reach(id, "running")
  // The watchdog first, which would end it.
  for (const file of ["watchdog", "supervisor"]) kill(pidIn(place, id, file))
  await noteNonces(place.root)
  await until("all of it to end", () => {
    const left = processesOf(place.root)
    for (const { pid } of left) killIfThere(pid)
    return left.length === 0
  })
  const seen = () => place.provider.list({}, { ...calls, readOnly: true })
  await until("the list to forget it", async () => (await seen()).length === 0)
  files.isWritten = true
  expect(await place.list()).toEqual([])
  const [cluster = ""] = await readdir(place.path("clusters"))
  expect(await readdir(place.path("clusters", cluster, "trash"))).toHaveLength(1)
  files.isWritten = false
  const { provider } = place
  await provider.remove?.((await provider.leftovers?.({}, calls)) ?? [], calls)
  expect(await readdir(place.path("clusters"))).toEqual([])
})
