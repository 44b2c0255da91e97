/** `kill -9` of workers and of who supervises them, while their owner lives: each is replaced, and nothing of it is left. */
import { readFileSync } from "node:fs"
import { afterEach, expect, test } from "vitest"
import { Cluster } from "../../src/cluster.js"
import {
  cleanUp,
  freshPlace,
  isAlive,
  kill,
  noteNonces,
  type Place,
  pidIn,
  processesOf,
  remainsOf,
  until,
} from "./support.js"

afterEach(cleanUp)

/** With a lease a supervisor looks after its worker four times within it; without one, once a minute. */
const LEASE = "30s"

/** All processes of one instance, with those that supervise it. */
function everything(place: Place, id: string): readonly number[] {
  const record = readFileSync(place.path("instances", id, "instance.json"), "utf8")
  const nonce = /"nonce":"([0-9a-f]{32})"/.exec(record)?.[1] ?? ""
  return processesOf(place.root)
    .filter(({ command, environment }) => command.includes(`/${id}/`) || environment.includes(nonce))
    .map(({ pid }) => pid)
}

/** The script and what it has started. */
function script(place: Place, id: string): readonly number[] {
  return processesOf(place.root)
    .filter(({ environment }) => environment.includes(`MUSTER_NAME=${id}\0`))
    .map(({ pid }) => pid)
}

const replaced = {
  "its script": script,
  "its script, and the anchor of its group": (place, id) => [pidIn(place, id, "group"), ...script(place, id)],
  "its supervisor": (place, id) => [pidIn(place, id, "supervisor")],
  everything,
} as const satisfies Readonly<Record<string, (place: Place, id: string) => readonly number[]>>

test("whatever of a worker is killed, the owner replaces it, touches no other, and leaves nothing", async () => {
  const place = await freshPlace()
  const spec = { provider: place.provider, instanceType: "local-1", startup: "exec sleep 1000", lease: LEASE } as const
  const cluster = new Cluster(spec, { journal: false })
  const kills = Object.values(replaced)
  const count = kills.length + 2
  await cluster.scale(count)
  await noteNonces(place.root)
  const [untouched = "", unwatched = "", ...killed] = cluster.workers.map(({ id }) => id)
  // Each stands for processes that are there: nothing is shown by killing nobody.
  const pids = await until("their processes", () => {
    const all = kills.map((pidsOf, index) => pidsOf(place, killed[index] ?? ""))
    return (
      all.every((some) => some.length > 0 && some.every(isAlive)) && script(place, killed[1] ?? "").length > 0 && all
    )
  })
  for (const pid of pids.flat()) kill(pid)
  // A worker that nobody supervises any more still works: it is left alone, and ended with the others.
  for (const file of ["watchdog", "supervisor"]) kill(pidIn(place, unwatched, file))
  const running = await until("all to be replaced", () => {
    const ids = cluster.workers.filter(({ state }) => state === "running").map(({ id }) => id)
    return ids.length === count && !killed.some((id) => ids.includes(id)) && ids
  })
  expect(running).toEqual(expect.arrayContaining([untouched, unwatched]))
  expect((await place.list({ states: ["running"] })).map(({ id }) => id).sort()).toEqual([...running].sort())
  const { instances, leaked } = await cluster.close()
  expect([leaked, instances.length]).toEqual([[], count + kills.length])
  await until("nothing to remain", async () => (await remainsOf(place.root)).length === 0)
})
