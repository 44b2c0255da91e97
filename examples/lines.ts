/** Lines: a command for each line of a file, in their order. Run it: node test/tools/run.mjs examples/lines.ts [FILE] */
import { createReadStream } from "node:fs"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { runJob } from "muster-vms"

const file = process.argv[2] ?? fileURLToPath(import.meta.url)
// No more of it is read than workers have use for.
const inputs = createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })

const work = { command: (line: string) => ["sh", "-c", 'printf "%s" "$1" | wc -w', "x", line] }
const job = runJob({ provider: "local" }, { workers: 2, inputs, work, slots: 4, ordered: true, errors: "yield" })
let [words, failed] = [0, 0]
for await (const result of job) {
  if (result.ok) words += Number(result.value.stdout)
  else failed += 1
}
const { done } = job.state()
console.log(`${done} lines, ${words} words, ${failed} failed`)
