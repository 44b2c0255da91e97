/** Module runner: functions of a module as tasks on one worker, by a program of Node that is sent there. */
import { deserialize, serialize } from "node:v8"
import type { Clock } from "../../calls/clock.js"
import type { Remote } from "../../remote/remote.js"
import type { Bundle } from "./bundle.js"
import { frame, FrameReader } from "../runner/frames.js"
import { Link } from "./link.js"
import { nodeProgram } from "./node-program.js"
import type { Outcome, Runner, Started, Try } from "../farm/runner.js"
import type { FromRunner, Setting, ToRunner } from "../runner/messages.js"

export interface ModuleRunnerOptions {
  readonly remote: Remote
  readonly clock: Clock
  readonly runner: Bundle
  readonly module: Bundle
  /** The name of the function that the module exports. */
  readonly name: string
  readonly slots: number | "vcpus"
  readonly setting: Setting
  readonly onLog: ((index: number, text: string) => void) | undefined
}

/** A worker that does not answer within so long is left alone for now. It may have to install Node. */
const HELLO_MS = 600_000

/** @throws TransientError or TimeoutError when the program does not start there. */
export async function startModuleRunner(options: ModuleRunnerOptions): Promise<Runner> {
  const { remote, clock, runner, module, setting } = options
  const process = await remote.spawn(nodeProgram(setting.owner, globalThis.process.versions.node), {})
  process.stdin.write(
    filesOf({ "runner.mjs": runner.code, "module.mjs": module.code, "setting.json": JSON.stringify(setting) }),
  )
  const own = new ModuleRunner(options)
  const [beat, end] = [frame({ type: "beat" }), frame({ type: "end" })]
  const link = new Link({ process, clock, beat, end, read: (bytes) => own.read(bytes) })
  return own.begin(link)
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

interface Open {
  readonly index: number
  readonly settle: (outcome: Outcome) => void
}

class ModuleRunner implements Runner {
  readonly #options: ModuleRunnerOptions
  readonly #frames = new FrameReader()
  readonly #open = new Map<number, Open>()
  readonly #busy = new Set<number>()
  #link: Link | undefined
  #next = 1
  slots = 0

  constructor(options: ModuleRunnerOptions) {
    this.#options = options
  }

  get gone(): Promise<string> {
    return this.#link?.gone ?? Promise.resolve("it has not begun")
  }

  async begin(link: Link): Promise<this> {
    this.#link = link
    await link.untilHello(HELLO_MS)
    return this
  }

  start({ index, attempt, input }: Try): Started {
    const id = this.#next++
    const slot = this.#freeSlot()
    this.#busy.add(slot)
    const outcome = new Promise<Outcome>((resolve) => this.#open.set(id, { index, settle: resolve }))
    void this.gone.then((why) => this.#open.get(id)?.settle({ kind: "lost", why }))
    try {
      const { name } = this.#options
      this.#send({ type: "task", id, slot, name, index, attempt, input: serialize(input) })
    } catch (error) {
      const failure = { name: "TypeError", message: `its input cannot be cloned: ${(error as Error).message}` }
      this.#open.get(id)?.settle({ kind: "failure", failure })
    }
    return {
      outcome,
      stop: (hard) => this.#send({ type: "stop", id, hard }),
      release: () => {
        if (this.#open.delete(id)) this.#busy.delete(slot)
      },
    }
  }

  notice(seconds: number): void {
    this.#send({ type: "notice", seconds })
  }

  async close(): Promise<void> {
    await this.#link?.close()
  }

  read(bytes: Uint8Array): void {
    for (const message of this.#frames.take(bytes)) this.#hear(message as FromRunner)
  }

  #hear(message: FromRunner): void {
    if (message.type === "hello") {
      const { slots } = this.#options
      this.slots = slots === "vcpus" ? message.vcpus : slots
      this.#link?.hello()
      return
    }
    if (message.type === "beat") return
    const open = this.#open.get(message.id)
    if (open === undefined) return
    if (message.type === "log") this.#options.onLog?.(open.index, message.text)
    else if (message.type === "failed") open.settle({ kind: "failure", failure: message.failure })
    else {
      const files = message.files === undefined ? {} : { files: message.files }
      open.settle({ kind: "value", value: deserialize(message.value), ...files })
    }
  }

  #send(message: ToRunner): void {
    this.#link?.send(frame(message))
  }

  #freeSlot(): number {
    let slot = 1
    while (this.#busy.has(slot)) slot += 1
    return slot
  }
}
