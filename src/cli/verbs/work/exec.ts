/** `muster exec`: a command on workers. */
import { Readable } from "node:stream"
import type { Cluster } from "../../../cluster.js"
import { SpecError } from "../../../errors.js"
import { show } from "../../../input/parse.js"
import type { Command } from "../../../remote/remote.js"
import type { ExecOptions } from "../../../remote/exec.js"
import type { CommandResult } from "../../../remote/output.js"
import type { WorkerHandle } from "../../../session/reach.js"
import { durationMs } from "../../../spec.js"
import { working } from "../../clusters.js"
import { EXIT } from "../../exit-codes.js"
import { writerOf } from "../../output.js"
import { single } from "../../parse.js"
import type { Given, RunVerb, Surroundings } from "../../surroundings.js"
import { Prefixed } from "./prefixed.js"
import { onTheWay } from "./transport.js"

interface Work {
  readonly command: Command
  readonly signal: AbortSignal
  readonly timeoutMs?: number
  readonly host: boolean
}

export const run: RunVerb = async (given, surroundings) => {
  const { signals, isUnread } = signalsOf(surroundings)
  const timeoutMs = timeoutOf(given)
  const [only, ...others] = given.values.worker ?? []
  const isOne = only !== undefined && others.length === 0
  checkFlags(given, isOne)
  return working(given, surroundings, async (cluster) => {
    const host = given.switches.has("host")
    const work = {
      ...{ command: commandOf(given), signal: signals(), host },
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    }
    const isPassedOn = isOne && !given.switches.has("json")
    try {
      if (isPassedOn) return await onTheWay(surroundings, passOn(cluster.worker(only), work, given, surroundings))
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
  const write = writerOf(surroundings)
  const passing = (["stdout", "stderr"] as const).map(async (stream) => {
    for await (const bytes of process[stream]) await write(stream, bytes)
  })
  const [ended] = await Promise.all([process.ended, ...passing])
  return ended.exitCode
}

/** A stream is handed on as it is: it ends with the command, also where nothing more comes. */
function bytesOf(input: AsyncIterable<Uint8Array | string>): AsyncIterable<Uint8Array> {
  return input instanceof Readable ? (input as AsyncIterable<Uint8Array>) : piecesOf(input)
}

async function* piecesOf(input: AsyncIterable<Uint8Array | string>): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const piece of input) yield typeof piece === "string" ? Buffer.from(piece) : piece
}

async function onSeveral(cluster: Cluster, work: Work, given: Given, surroundings: Surroundings): Promise<number> {
  const isJson = given.switches.has("json")
  const lines = new Prefixed(surroundings)
  const ended = new Map<string, CommandResult | Error>()
  const hear: Hear = {
    onOutput: (worker, stream, text) => {
      if (!isJson) lines.take(worker, stream, text)
    },
    onEnded: (worker, outcome) => ended.set(worker, outcome),
  }
  try {
    const results = await resultsOf(cluster, work, given, hear)
    return Math.max(0, ...results.map(({ exitCode }) => exitCode))
  } catch (error) {
    // What is thrown is said by whoever catches it.
    const failures = [...ended.values()].flatMap((outcome) => (outcome instanceof Error ? outcome.message : []))
    for (const message of new Set(failures))
      if (message !== (error as Error).message) surroundings.say(`muster: ${message}\n`)
    throw error
  } finally {
    lines.end()
    const order = given.values.worker ?? cluster.workers.map(({ name }) => name)
    const rows = [...ended].toSorted(([a], [b]) => order.indexOf(a) - order.indexOf(b)).map(rowOf)
    if (isJson && rows.length > 0) surroundings.out(`${JSON.stringify(rows, undefined, 2)}\n`)
    for (const [worker, outcome] of isJson ? [] : ended) {
      if (outcome instanceof Error || outcome.exitCode === 0) continue
      surroundings.say(`${worker}: exit code ${outcome.exitCode}\n`)
    }
  }
}

/** A worker that could not be reached, or was lost, has an error in place of an exit code. */
function rowOf([worker, outcome]: readonly [string, CommandResult | Error]): object {
  return outcome instanceof Error ? { worker, error: outcome.message } : { worker, ...outcome }
}

type Hear = Required<Pick<ExecOptions, "onOutput" | "onEnded">>

async function resultsOf(
  cluster: Cluster,
  { command, ...options }: Work,
  given: Given,
  hear: Hear,
): Promise<readonly CommandResult[]> {
  const { worker: names } = given.values
  const group = single(given, "group")
  if (names === undefined) {
    const from = group === undefined ? cluster : cluster.group(group)
    return from.exec(command, { ...options, check: false, ...hear })
  }
  const settled = await Promise.allSettled(
    [...new Set(names)].map(async (name) => {
      const onOutput = hear.onOutput.bind(undefined, name)
      const running = cluster.worker(name).exec(command, { ...options, check: false, onOutput })
      const outcome = await running.catch((error: unknown) => error as Error)
      hear.onEnded(name, outcome)
      if (outcome instanceof Error) throw outcome
      return outcome
    }),
  )
  const failed = settled.find(({ status }) => status === "rejected")
  if (failed?.status === "rejected") throw failed.reason
  return settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []))
}
