/** Resumer: a program that works with a file of results until it is done, or killed: `DIRECTORY TASKS`. It says when it has begun. */
import { join } from "node:path"
import { RealPlaces } from "./real.js"
import { begin } from "./begin.js"

const [, , directory = "", tasks = ""] = process.argv
const places = new RealPlaces(join(directory, "workers"))
for (const id of ["a", "b", "c"]) places.add(id)
const inputs = Array.from({ length: Number(tasks) }, (_, index) => index)
const command = (index: unknown) => [
  "sh",
  "-c",
  `echo "${String(index)}" >>'${join(directory, "ran")}'; echo "it is ${String(index)}"`,
]
const resume = join(directory, "results.jsonl")
const { farm, close } = await begin(places, inputs, { command }, { resume, slots: 2 })
let resumed = 0
const seen = new Set<number>()
for (let one = await farm.next(); one !== undefined; one = await farm.next()) {
  if (seen.size === 0) console.log("begun")
  const { stdout } = (one.ok ? one.value : {}) as { readonly stdout?: string }
  if (seen.has(one.index) || stdout !== `it is ${one.index}\n`) throw new Error(`result ${one.index} is ${stdout}`)
  seen.add(one.index)
  if (one.ok && one.resumed === true) resumed += 1
}
await close()
await places.close()
console.log(`done ${seen.size} ${resumed}`)
