/** `muster exec`: a command on workers. */
import type { Cluster } from "../../../cluster.js"
import { SpecError } from "../../../errors.js"
import { show } from "../../../input/parse.js"
import type { Command } from "../../../remote/remote.js"
import type { WorkerResult } from "../../../remote/exec.js"
import type { WorkerHandle } from "../../../session/reach.js"
import { durationMs } from "../../../spec.js"
import { looking } from "../../clusters.js"
import { EXIT } from "../../exit-codes.js"
import { single } from "../../parse.js"
import type { Given, RunVerb, Surroundings } from "../../surroundings.js"
import { Prefixed } from "./prefixed.js"
import { onTheWay } from "./transport.js"

interface Work {
  readonly command: Command
  readonly signal: AbortSignal
  readonly timeoutMs?: number
}

export const run: RunVerb = async (given, surroundings) => {
  const { signals, isUnread } = signalsOf(surroundings)
  const timeoutMs = timeoutOf(given)
  const [only, ...others] = given.values.worker ?? []
  const isOne = only !== undefined && others.length === 0
  checkFlags(given, isOne)
  return looking(given, surroundings, async (cluster) => {
    const work = { command: commandOf(given), signal: signals(), ...(timeoutMs === undefined ? {} : { timeoutMs }) }
    const working = isOne && !given.switches.has("json")
    try {
      if (working) return await onTheWay(surroundings, passOn(cluster.worker(only), work, given, surroundings))
      return await onTheWay(surroundings, onSeveral(cluster, work, given, surroundings))
    } catch (error) {
      // As a shell does it: who has read enough has ended the command.
      if (isUnread()) return EXIT.ok
      throw error
    }
  })
}

function signalsOf({ unread, interrupts }: Surroundings) {
  const signals = () => AbortSignal.any([unread, interrupts?.()].filter((one) => one !== undefined))
  return { signals, isUnread: () => unread?.aborted === true }
}

/** One word is a text for a shell. */
function commandOf({ words }: Given): Command {
  const [, ...command] = words
  const [text] = command
  return command.length === 1 && text !== undefined ? text : command
}

function checkFlags({ values, switches }: Given, isOne: boolean): void {
  if (values.worker !== undefined && values.group !== undefined)
    throw new SpecError([{ option: "--group", message: "is given beside --worker; leave one of them out" }])
  if (switches.has("stdin") && (!isOne || switches.has("json")))
    throw new SpecError([{ option: "--stdin", message: "needs one --worker, and no --json" }])
}

function timeoutOf(given: Given): number | undefined {
  const asked = single(given, "timeout")
  if (asked === undefined) return undefined
  const ms = durationMs(asked)
  if (ms !== undefined) return ms
  throw new SpecError([
    { option: "--timeout", value: asked, message: `is ${show(asked)}; use a number with a unit: "90s", "10m"` },
  ])
}

/** With its streams as they are. */
async function passOn(worker: WorkerHandle, work: Work, given: Given, surroundings: Surroundings): Promise<number> {
  const { command, ...options } = work
  const stdin = given.switches.has("stdin") && surroundings.input !== undefined ? bytesOf(surroundings.input) : ""
  const process = await worker.spawn(command, { ...options, stdin })
  const write = surroundings.write ?? textWriter(surroundings)
  const passing = (["stdout", "stderr"] as const).map(async (stream) => {
    for await (const bytes of process[stream]) await write(stream, bytes)
  })
  const [ended] = await Promise.all([process.ended, ...passing])
  return ended.exitCode
}

async function* bytesOf(input: AsyncIterable<Uint8Array | string>): AsyncIterable<Uint8Array> {
  for await (const piece of input) yield typeof piece === "string" ? Buffer.from(piece) : piece
}

function textWriter({ out, say }: Surroundings): NonNullable<Surroundings["write"]> {
  return (stream, bytes) => {
    const text = Buffer.from(bytes).toString()
    if (stream === "stdout") out(text)
    else say(text)
    return Promise.resolve()
  }
}

async function onSeveral(cluster: Cluster, work: Work, given: Given, surroundings: Surroundings): Promise<number> {
  const isJson = given.switches.has("json")
  const lines = new Prefixed(surroundings)
  const results = await resultsOf(cluster, work, given, (worker, stream, text) => {
    if (!isJson) lines.take(worker, stream, text)
  })
  lines.end()
  if (isJson) surroundings.out(`${JSON.stringify(results, undefined, 2)}\n`)
  for (const { worker, exitCode } of isJson ? [] : results) {
    if (exitCode !== 0) surroundings.say(`${worker}: exit code ${exitCode}\n`)
  }
  return Math.max(0, ...results.map(({ exitCode }) => exitCode))
}

type Hear = (worker: string, stream: "stdout" | "stderr", text: string) => void

async function resultsOf(
  cluster: Cluster,
  { command, ...options }: Work,
  given: Given,
  onOutput: Hear,
): Promise<readonly WorkerResult[]> {
  const { worker: names } = given.values
  const group = single(given, "group")
  if (names === undefined) {
    const from = group === undefined ? cluster : cluster.group(group)
    return from.exec(command, { ...options, check: false, onOutput })
  }
  return Promise.all(
    [...new Set(names)].map(async (name) => {
      const hear = onOutput.bind(undefined, name)
      return {
        worker: name,
        ...(await cluster.worker(name).exec(command, { ...options, check: false, onOutput: hear })),
      }
    }),
  )
}
