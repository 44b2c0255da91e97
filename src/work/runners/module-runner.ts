/** Module runner: functions of modules as tasks on one worker, by a program of Node that is sent there. */
import { deserialize } from "node:v8"
import type { Clock } from "../../calls/clock.js"
import type { Remote } from "../../remote/remote.js"
import type { Channel } from "../farm/channels.js"
import type { Gone, Notice, Outcome, Runner, Started, Try } from "../farm/runner.js"
import { BEGINNING, frame, FrameReader, packed } from "../runner/frames.js"
import type { FromRunner, Setting, ToRunner } from "../runner/messages.js"
import type { Bundle } from "../bundle/bundle.js"
import { BEAT_MS, Link } from "./link.js"
import { mirror, nodeProgram, programOfNode } from "./node-program.js"
import type { ProgramName } from "./program.js"
import { Tries } from "./tries.js"

export interface ModuleChannelOptions {
  readonly remote: Remote
  readonly clock: Clock
  readonly name: ProgramName
  /** The name of the worker. */
  readonly worker: string
  /** What carries out tasks there. */
  readonly runner: Bundle
  /** Node's place there; it is found, or installed, when left out. */
  readonly node?: string
}

/** What one call has run there. */
export interface ModuleUse {
  readonly module: Bundle
  /** The name of the function that the module exports. */
  readonly name: string
  readonly slots: number | "vcpus"
  /** Each task gets an empty directory. */
  readonly hasOutputs: boolean
  readonly taskTimeoutMs: number | undefined
  /** Hears what tasks say; left out: they are not asked. */
  readonly onLog: ((index: number, text: string) => void) | undefined
}

/** A worker that does not answer within so long is left alone for now. It may have to install Node. */
const HELLO_MS = 600_000
/** A runner takes us for gone a little sooner than we take it: its tasks have ended when others begin them again. */
const SILENT_MS = 55_000

/** @throws TransientError or TimeoutError when the program does not start there. */
export async function startModuleChannel(options: ModuleChannelOptions): Promise<ModuleChannel> {
  const { remote, clock, name, worker, runner, node } = options
  const version = globalThis.process.versions.node
  const program = node === undefined ? nodeProgram(name, version, mirror()) : programOfNode(name, node)
  const process = await remote.spawn(program, { isLasting: true })
  const setting: Setting = { worker, beatMs: BEAT_MS, silentMs: SILENT_MS }
  process.stdin.write(filesOf({ "runner.mjs": runner.code, "setting.json": JSON.stringify(setting) }))
  const frames = new FrameReader(BEGINNING)
  let channel: ModuleChannel | undefined
  const read = (bytes: Uint8Array) => {
    for (const message of frames.take(bytes)) channel?.hear(message as FromRunner)
  }
  const [beat, end] = [frame({ type: "beat" }), frame({ type: "end" })]
  const link = new Link({ process, clock, beat, end, read })
  channel = new ModuleChannel(link)
  await link.untilHello(HELLO_MS)
  return channel
}

/** As the loader on the worker reads them: how many, and of each the length of its name, its name, its length and itself. */
function filesOf(files: Readonly<Record<string, string>>): Uint8Array {
  const number = (value: number) => {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(value)
    return bytes
  }
  const parts = Object.entries(files).flatMap(([name, text]) =>
    [name, text].flatMap((one) => [number(Buffer.byteLength(one)), Buffer.from(one)]),
  )
  return Buffer.concat([number(Object.keys(files).length), ...parts])
}

type Heard = Pick<ModuleUse, "onLog"> & { readonly index: number }

/** The program of Node on one worker. */
export class ModuleChannel implements Channel {
  readonly #link: Link
  readonly #tries: Tries<Heard>
  /** Modules that are there. */
  readonly #sent = new Set<string>()
  #vcpus = 1
  #node = ""

  constructor(link: Link) {
    this.#link = link
    this.#tries = new Tries(link.gone)
  }

  get gone(): Promise<Gone> {
    return this.#link.gone
  }

  /** @param leave what is called when the runner is needed no more. */
  runner(use: ModuleUse, leave: () => Promise<void>): Runner {
    const { digest, code } = use.module
    if (!this.#sent.has(digest)) this.#send({ type: "module", digest, code })
    this.#sent.add(digest)
    return {
      slots: use.slots === "vcpus" ? this.#vcpus : use.slots,
      start: (one) => this.#start(one, use),
      notice: (notice: Notice) => this.#send({ type: "notice", ...notice }),
      ...this.#link.lent(leave),
    }
  }

  close(): Promise<void> {
    return this.#link.close()
  }

  hear(message: FromRunner): void {
    if (message.type === "hello") {
      this.#vcpus = message.vcpus
      this.#node = message.node
      this.#link.hello()
      return
    }
    if (message.type === "beat") return
    const open = this.#tries.get(message.id)
    if (open === undefined) return
    if (message.type === "log") open.more.onLog?.(open.more.index, message.text)
    else if (message.type === "failed") open.settle({ kind: "failure", failure: message.failure })
    else open.settle(this.#valueOf(message))
  }

  #start({ index, attempt, input }: Try, use: ModuleUse): Started {
    const open = this.#tries.begin({ index, onLog: use.onLog })
    const { id, slot, outcome, settle } = open
    const { name, module, hasOutputs, onLog, taskTimeoutMs } = use
    try {
      const [isHeard, bytes] = [onLog !== undefined, packed(input)]
      const task = {
        type: "task",
        id,
        slot,
        module: module.digest,
        name,
        index,
        attempt,
        input: bytes,
        hasOutputs,
        isHeard,
      } as const
      this.#send(taskTimeoutMs === undefined ? task : { ...task, seconds: taskTimeoutMs / 1000 })
    } catch (error) {
      const failure = { name: "TypeError", message: `its input cannot be sent: ${(error as Error).message}` }
      settle({ kind: "failure", failure })
    }
    return {
      outcome,
      stop: (hard) => {
        if (this.#tries.get(id) !== undefined) this.#send({ type: "stop", id, hard })
      },
      release: () => this.#tries.release(open),
    }
  }

  #valueOf({ value, files }: FromRunner & { readonly type: "value" }): Outcome {
    try {
      return { kind: "value", value: deserialize(value), ...(files === undefined ? {} : { files }) }
    } catch (error) {
      const versions = `the worker has Node ${this.#node}, this process ${process.versions.node}`
      const message = `what the task returned cannot be read here: ${(error as Error).message}; ${versions}`
      return { kind: "failure", failure: { name: "TypeError", message } }
    }
  }

  #send(message: ToRunner): void {
    this.#link.send(frame(message))
  }
}
