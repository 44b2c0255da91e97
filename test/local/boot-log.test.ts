/** The boot log: of bounded size, in one file, and written as long as anybody has the pipe. */
import { readFileSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { afterEach, expect, test } from "vitest"
import {
  calls,
  cleanUp,
  freshPlace,
  kill,
  noteNonces,
  only,
  type Place,
  processesOf,
  remainsOf,
  until,
} from "./support.js"

afterEach(cleanUp)

const MIB = 2 ** 20

async function launched(place: Place, startup: string) {
  const { id } = only(await place.launch({ group: { startup } }))
  return { id, path: place.path("instances", id, "guest", "boot.log") }
}

/** What is there by now. */
async function readLog(path: string, encoding: "utf8" | "latin1"): Promise<string> {
  return readFile(path, encoding).catch(() => "")
}

async function ended(place: Place): Promise<void> {
  await place.provider.terminate(await place.list(), calls)
  await until("nothing to remain", async () => (await remainsOf(place.root)).length === 0)
}

test("keeps the first and the last MiB, and says what is missing between them", async () => {
  const place = await freshPlace()
  const { id, path } = await launched(
    place,
    `echo first; head -c ${6 * MIB} /dev/zero | tr '\\0' x; echo; echo last; exec sleep 1000`,
  )
  // One byte for each letter.
  const log = await until("the end of the log", async () => {
    const text = await readLog(path, "latin1")
    return text.endsWith("\nlast\n") ? text : undefined
  })
  const [line = "", dropped = ""] = /\n[^\nx]+ (\d+) bytes dropped [^\nx]+\n/.exec(log) ?? []
  expect(log.startsWith("first\nxxx")).toBe(true)
  expect(log.indexOf(line)).toBe(MIB)
  expect(log.length).toBeLessThan(3 * MIB + 100)
  expect(log.length).toBeGreaterThanOrEqual(2 * MIB + line.length)
  expect(log.length - line.length + Number(dropped)).toBe("first\n".length + 6 * MIB + "\nlast\n".length)
  const [instance] = await place.list({ ids: [id] })
  if (instance === undefined) throw new Error("no instance")
  expect(await place.provider.consoleLog?.(instance, calls)).toMatch(/x\nlast\nmuster\[/)
  await ended(place)
})

test("one that floods is held up, and ends when it is asked", async () => {
  const place = await freshPlace()
  const { path } = await launched(place, "echo first; exec yes")
  await until("something to be dropped", async () => (await readLog(path, "utf8")).includes(" bytes dropped …"))
  const log = await readLog(path, "utf8")
  expect(log.startsWith("first\ny\n")).toBe(true)
  expect(log.length).toBeLessThan(3 * MIB + 100)
  await ended(place)
})

test("goes on for a daemon that the script leaves behind", async () => {
  const place = await freshPlace()
  const { path, id } = await launched(
    place,
    "setsid -f sh -c 'sleep 0.3; echo late; exec sleep 1000'; echo early; exit 0",
  )
  await until("the daemon's line", async () => (await readLog(path, "utf8")) === "early\nlate\n")
  expect(await place.list({ ids: [id] })).toMatchObject([{ state: "running" }])
  await ended(place)
})

test("is whole in a failed boot, however much was written at last", async () => {
  const place = await freshPlace()
  const { id, path } = await launched(place, "head -c 200000 /dev/zero | tr '\\0' x; echo; echo why; exit 3")
  await place.reach(id, "terminated")
  expect(readFileSync(path).length).toBe(200_000 + "\nwhy\n".length)
  await ended(place)
})

test("stays as it is when who writes it is killed", async () => {
  const place = await freshPlace()
  const { id, path } = await launched(place, "echo first; while sleep 0.1; do echo more || exit 7; done")
  await until("the first line", async () => (await readLog(path, "utf8")).startsWith("first\n"))
  await noteNonces(place.root)
  const copier = await until("its dd", () => processesOf(place.root).find(({ command }) => command.startsWith("dd ")))
  const shell = Number(/^\d+ \(dd\) \S (\d+)/.exec(readFileSync(`/proc/${copier.pid}/stat`, "utf8"))?.[1])
  for (const pid of [shell, copier.pid]) kill(pid)
  await place.reach(id, "terminated")
  expect(await readLog(path, "utf8")).toMatch(/^first\n(more\n)*$/)
  await ended(place)
})
