/** Many that end together: how often this machine's processes are searched, counted by a grep of ours. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises"
import { afterEach, expect, test } from "vitest"
import { readHost } from "../../providers/local/client/host.js"
import { processSearchText } from "../../providers/local/client/process-search.js"
import { isLong } from "../support/long.js"
import { calls, cleanUp, freshPlace, type Place, remainsOf, until } from "./support.js"

const PATH = process.env.PATH ?? ""

afterEach(async () => {
  process.env.PATH = PATH
  await cleanUp()
})

/** Puts programs of these names before all others of the supervisors that start from here on. */
async function shadow(place: Place, programs: Readonly<Record<string, string>>): Promise<void> {
  const folder = place.path("shadows")
  await mkdir(folder)
  for (const [name, text] of Object.entries(programs)) {
    await writeFile(`${folder}/${name}`, `#!/bin/sh\n${text}\n`)
    await chmod(`${folder}/${name}`, 0o755)
  }
  process.env.PATH = `${folder}:${PATH}`
}

/** One line for each search of all processes: "shared" if it was for all who asked, "alone" if for one instance. */
function countingGrep(place: Place): string {
  const log = place.path("searches")
  return `case " $* " in
*" /proc/1/environ "*) case $1 in -aosHE) echo shared ;; *) echo alone ;; esac >>${log} ;;
esac
PATH='${PATH}' exec grep "$@"`
}

async function searchesOf(place: Place): Promise<readonly string[]> {
  return (await readFile(place.path("searches"), "utf8").catch(() => "")).split("\n").filter((line) => line !== "")
}

async function ended(place: Place): Promise<void> {
  await until("nothing to remain", async () => (await remainsOf(place.root)).length === 0)
}

const COUNT = 12
const STRAY = "setsid -f sleep 1000; exec sleep 1000"

test("one search answers all who asked before it began", async () => {
  const place = await freshPlace()
  await shadow(place, { grep: countingGrep(place) })
  await place.launch({ count: COUNT, group: { startup: STRAY } })
  await until("all to run", async () => (await place.list({ states: ["running"] })).length === COUNT)
  // While the lock is held, as by one who searches, nobody begins.
  const lock = place.path("looks", "lock")
  await writeFile(lock, `${readHost().self}\n`)
  await place.provider.terminate(await place.list(), calls)
  await until("all to ask", async () => {
    const tickets = (await readFile(place.path("looks", "asked"), "utf8").catch(() => "")).trim().split("\n")
    return new Set(tickets.map((ticket) => ticket.split(" ").at(-1))).size === COUNT
  })
  expect(await searchesOf(place)).toEqual([])
  await rm(lock)
  await ended(place)
  const searches = await searchesOf(place)
  expect(searches).not.toContain("alone")
  // Each looks at least three times, because of the stray. All of the first looks are one search.
  expect(searches.length).toBeLessThanOrEqual(2 * COUNT + 1)
})

test.each([
  ["awk fails", { awk: "exit 1" }],
  ...(isLong
    ? ([
        [
          "grep cannot print what it found",
          { grep: `case $1 in -aosHE) exit 2 ;; esac\nPATH='${PATH}' exec grep "$@"` },
        ],
      ] as const)
    : []),
] as const)("each searches for itself where %s", async (_what, programs) => {
  const place = await freshPlace()
  await shadow(place, programs)
  await place.launch({ count: 2, group: { startup: STRAY } })
  await until("both to run", async () => (await place.list({ states: ["running"] })).length === 2)
  await place.provider.terminate(await place.list(), calls)
  await ended(place)
})

test("one that searched and was killed keeps nobody from searching", async () => {
  const place = await freshPlace()
  await place.launch({ count: 3, group: { startup: STRAY } })
  await until("all to run", async () => (await place.list({ states: ["running"] })).length === 3)
  await writeFile(place.path("looks", "lock"), "1 1@another-boot\n")
  await mkdir(place.path("looks", "batch.left"))
  await place.provider.terminate(await place.list(), calls)
  await ended(place)
})

/** What ends an instance, in the trap of SIGTERM as there: it searches again and again, and says how often it has kept the lock. */
const SEARCHES = `set -u
looks=$1 here=$1 who=1 me="$$ 1" napping=
identify() { return 1; }
${processSearchText}
end() {
  trap '' TERM
  trap wake_up USR1
  kill "$sleeping"
  echo began
  kept=0
  for asks in ${Array.from({ length: 40 }, (_, at) => at).join(" ")}; do
    printf '%s\\n' "key 1 $asks name" >"$looks/asked"
    search_for_all
    if [ -e "$looks/lock" ]; then kept=$((kept + 1)); fi
    rm -f "$looks/lock"
  done
  echo "kept $kept"
  exit
}
trap end TERM
sleep 60 >/dev/null 2>&1 &
sleeping=$!
echo ready
wait "$sleeping"
`

test("a search lets go of the lock although signals come at any moment of it", async () => {
  const place = await freshPlace()
  await mkdir(place.path("looks"), { recursive: true })
  const child = spawn("/bin/sh", ["-c", SEARCHES, "sh", place.path("looks")], { stdio: ["ignore", "pipe", "ignore"] })
  const closed = once(child, "close")
  let said = ""
  child.stdout.on("data", (bytes: Buffer) => {
    said += bytes.toString()
  })
  await until("it to be ready", () => said.includes("ready"))
  child.kill("SIGTERM")
  await until("it to search", () => said.includes("began"))
  while (child.exitCode === null) {
    child.kill("SIGUSR1")
    await new Promise((resolve) => setImmediate(resolve))
  }
  await closed
  expect(said).toBe("ready\nbegan\nkept 0\n")
})
