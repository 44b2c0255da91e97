/**
 * A Dask cluster on this machine, from 0 to 20 workers and back: `npm run demo:dask`, or `npm run demo:dask -- --workers 8 --parts 100`.
 * It needs Dask: `apt-get install python3-distributed`, or `pip install "dask[distributed]"`. Progress goes to stderr, results to stdout.
 */
import { spawnSync } from "node:child_process"
import { writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { type Cluster, LeakError } from "muster-vms"
import { dask } from "muster-vms/dask"
import { receiptTable } from "../demo/receipt.js"
import { openStage, type Performance, type Stage } from "../demo/stage.js"
import { drawDask } from "./picture.js"
import { type Sample, Sampling } from "./samples.js"

const LIMIT = 4_000_000
const PROGRAM = fileURLToPath(new URL("./primes.py", import.meta.url)).replace("/.cache/js/", "/")

interface Options {
  readonly workers: number
  readonly parts: number
}

function optionsOf(args: readonly string[]): Options {
  const options = { workers: { type: "string", default: "20" }, parts: { type: "string", default: "400" } } as const
  const { values } = parseArgs({ args: [...args], options })
  const number = (name: keyof Options, least: number, most: number) => {
    const value = Number(values[name])
    if (Number.isInteger(value) && value >= least && value <= most) return value
    throw new Error(`--${name} is ${values[name]}; use a whole number from ${least} to ${most}`)
  }
  return { workers: number("workers", 2, 256), parts: number("parts", 1, 100_000) }
}

/** The Python of this machine that has Dask. */
function python(): string {
  const found = ["python3", "/usr/bin/python3"].find(
    (program) => spawnSync(program, ["-c", "import dask.distributed"], { stdio: "ignore" }).status === 0,
  )
  if (found !== undefined) return found
  throw new Error('Dask is not here: apt-get install python3-distributed, or pip install "dask[distributed]"')
}

/** Waits until half of the work is done, or all of it. */
async function halfway(samples: readonly Sample[], parts: number, job: Promise<unknown>): Promise<void> {
  let isOver = false
  const end = () => {
    isOver = true
  }
  job.then(end, end)
  while (!isOver && (samples.at(-1)?.done ?? 0) < parts / 2) await sleep(50)
}

async function play(stage: Stage, { cluster, scale }: Performance, { workers, parts }: Options): Promise<string[]> {
  const few = Math.ceil(workers / 4)
  const sampling = new Sampling(cluster)
  const begunAt = Date.now()
  const seconds = () => `${((Date.now() - begunAt) / 1000).toFixed(1)} s`
  await scale(workers)
  const joined = `0 to ${workers}: all are members after ${seconds()}`
  const client = await cluster.client()
  sampling.dashboard = client.dashboard
  stage.say(`dashboard: ${client.dashboard}`)
  const written: string[] = []
  const job = client.run([python(), PROGRAM, String(LIMIT), String(parts)], {
    signal: stage.signal,
    onOutput: (_, text) => written.push(text),
  })
  await halfway(sampling.samples, parts, job)
  const drained = await drain(cluster, few, seconds)
  await job
  const right = written.join("").trim()
  await cluster.close()
  const samples = await sampling.end()
  const path = join(tmpdir(), `muster-dask-${process.pid}.svg`)
  await writeFile(
    path,
    drawDask(`Dask on this machine: 0 to ${workers}, to ${few} in the middle of the work, to 0`, samples),
  )
  return [joined, drained, `${right} (${seconds()})`, `picture: ${path}`, `dashboard was at ${client.dashboard}`]
}

/** Those that go are given no new tasks, finish theirs, and move what they hold; then they end. */
async function drain(cluster: Cluster, few: number, seconds: () => string): Promise<string> {
  const from = seconds()
  const group = cluster.group("default")
  const before = group.workers.length
  await cluster.scale(few)
  while (group.workers.length > few) await sleep(50)
  return `${before} to ${few} in the middle of the work: from ${from} to ${seconds()}`
}

async function run(options: Options): Promise<number> {
  const engine = dask({ nthreads: 1, memoryLimit: false, nanny: false, client: python() })
  const stage = await openStage({ workers: options.workers, burst: options.workers, width: 1 })
  let isClean = true
  try {
    const spec = { name: "demo-dask", provider: stage.local(), instanceType: "local-1", engine }
    const act = async (performance: Performance) => {
      const lines = await play(stage, performance, options)
      return [...lines, ...receiptTable(await performance.cluster.close())]
    }
    const lines = await stage.perform(`a Dask cluster of ${options.workers} workers, and its head`, spec, act)
    process.stdout.write(`${lines.join("\n")}\n`)
  } catch (error) {
    isClean = !(error instanceof LeakError)
    if (!isClean || !stage.signal.aborted) throw error
  } finally {
    await stage.close(isClean)
  }
  return stage.exitCode
}

try {
  process.exitCode = await run(optionsOf(process.argv.slice(2)))
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
