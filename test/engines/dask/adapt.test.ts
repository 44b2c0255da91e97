/** Real Dask says what its work wants, and the cluster follows: from none to twenty and back, in the middle of the work and after it. */
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, describe, expect, test } from "vitest"
import { local } from "../../../providers/local/index.js"
import { dask } from "../../../src/engines/dask/index.js"
import { Cluster } from "../../../src/index.js"
import { folderForEachTest } from "../../support/folder.js"
import { isLong, LONG } from "../../support/long.js"
import { hasDask, PYTHON, WITHOUT } from "./boots.js"
import { alive, until } from "./machines.js"

const MOST = 20
const TASKS = 240
/** Some go on until others have left. */
const LAST = 4

const title = `a Dask cluster that follows its work${isLong ? (hasDask ? "" : ` (${WITHOUT})`) : ` (${LONG})`}`

describe.skipIf(!isLong || !hasDask)(title, { timeout: 1_200_000 }, () => {
  let folder = ""
  let cluster: Cluster | undefined
  folderForEachTest((path) => {
    folder = path
  })
  afterEach(async () => {
    await cluster?.close()
  })

  const begun = () => {
    const file = join(folder, "begun")
    return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : []
  }
  const allow = (what: string) => writeFileSync(join(folder, what), "")

  test("0 to 20 to 0: what those hold who leave is moved, and nothing is computed twice", async () => {
    // Without a limit Dask has nobody leave while any result is held: it cannot know whether the others have room for it.
    const engine = dask({ client: PYTHON, nthreads: 1, memoryLimit: "1GiB", nanny: false })
    const one = new Cluster(
      { name: "dask-adapt", provider: local({ root: join(folder, "root") }), engine },
      { journal: join(folder, "journal") },
    )
    cluster = one
    const told = follow(one)
    const members = () => one.workers.filter(({ group, ready }) => group !== "head" && ready)
    const adapting = await one.adapt({ maximum: MOST, every: "1s" })
    expect(adapting.target).toBe(0)
    const client = await one.client()
    let printed = ""
    const environment = { FOLDER: folder, TASKS: String(TASKS), LAST: String(LAST) }
    const run = client.run([PYTHON, "-c", COMPUTE], {
      environment,
      onOutput: (stream, text) => {
        if (stream === "stdout") printed += text
      },
    })
    // Where a wait before it fails, that is what is told.
    run.catch(() => {})
    await until("all members", () => members().length === MOST)
    allow("all")
    await until("a lower target", () => adapting.target < MOST)
    await until(
      "those gone that are too many",
      () => told.left.length > 0 && one.workers.length === adapting.target + 1,
    )
    // Their results are wanted only now.
    expect(printed).toBe("")
    allow("last")
    await run
    expect(printed.trim()).toBe(String(((TASKS - 1) * TASKS * (2 * TASKS - 1)) / 6))
    await until("nobody but the head", () => adapting.target === 0 && one.workers.length === 1)

    expect(one.workers.map(({ group }) => group)).toEqual(["head"])
    expect(alive([...told.made])).toEqual([])
    expect(Math.max(...told.targets)).toBe(MOST)
    expect(told.targets.at(-1)).toBe(0)
    expect(begun().sort()).toEqual(Array.from({ length: TASKS }, (_, index) => String(index)).sort())
    expect(told.left.filter(({ hasLeft }) => !hasLeft)).toEqual([])
    expect(told.left.map(({ name }) => name).sort()).toEqual([...told.made].sort())
    console.log(`targets ${told.targets.join(", ")}; ${told.left.length} left; ${begun().length} tasks begun`)
  })
})

interface Told {
  readonly targets: number[]
  readonly left: { readonly name: string; readonly hasLeft: boolean; readonly message?: string }[]
  /** Names of all workers that there have been, without the head. */
  readonly made: Set<string>
}

function follow(cluster: Cluster): Told {
  const told: Told = { targets: [], left: [], made: new Set() }
  cluster.on("adapt", ({ target }) => void told.targets.push(target))
  cluster.on(
    "drained",
    ({ name, hasLeft, message }) =>
      void told.left.push({ name, hasLeft, ...(message === undefined ? {} : { message }) }),
  )
  cluster.on("worker", ({ name, group }) => {
    if (group !== "head" && name !== undefined) told.made.add(name)
  })
  return told
}

/**
 * Each task writes when it begins; all results are held to the end. The first tasks wait for all members, so that each has work, and the
 * last ones until others have left.
 */
const COMPUTE = `
import os, time
from distributed import Client
here, count, last = os.environ["FOLDER"], int(os.environ["TASKS"]), int(os.environ["LAST"])
def wait_for(name):
    while not os.path.exists(here + "/" + name):
        time.sleep(0.05)
def square(i):
    with open(here + "/begun", "a") as file:
        file.write("%d" % i + chr(10))
    wait_for("all")
    time.sleep(1)
    if i >= count - last:
        wait_for("last")
    return i * i
with Client(timeout=60) as client:
    held = client.map(square, range(count), pure=False)
    print(sum(client.gather(held)))
`
