/** Work: brings together what one call needs: its options, its bundle, its runners, what is kept of it. */
import { createHash, randomBytes } from "node:crypto"
import { SpecError } from "../errors.js"
import { runCommand } from "../remote/output.js"
import { moduleBundle, runnerBundle } from "./runners/bundle.js"
import { startCommandChannel } from "./runners/command-runner.js"
import type { StartRunner } from "./farm/crew.js"
import { Farm } from "./farm/farm.js"
import { startModuleChannel } from "./runners/module-runner.js"
import type { ProgramName } from "./runners/program.js"
import { type ResolvedWork, resolveWork } from "./options.js"
import { Outputs } from "./keep/outputs.js"
import type { Place, Places } from "./farm/places.js"
import { openResume } from "./keep/resume.js"
import type { CommandTask, Inputs, Task, WorkOptions, WorkState } from "./types.js"

export type AnyTask = Task<never, unknown> | CommandTask<never>

/** Work that goes on. */
export interface OpenWork {
  readonly farm: Farm<unknown, unknown>
  /** What is kept of it is closed; to be called once the farm is. */
  close(): Promise<void>
}

export interface WorkRequest {
  /** How the caller asked for it: "map", "call". */
  readonly verb: string
  readonly inputs: Inputs<unknown>
  readonly task: AnyTask
  readonly options: WorkOptions
  readonly places: Places
  /** Hears how far it has come. */
  readonly onState?: (state: WorkState) => void
}

/** Programs of other processes on the same workers are ended by those of this one. */
const OWNER = randomBytes(6).toString("hex")
let programs = 0

function nextName(): ProgramName {
  programs += 1
  return { owner: OWNER, number: programs }
}

/** @throws SpecError when an option, the module or the file of `resume` is wrong. */
export async function beginWork(request: WorkRequest): Promise<OpenWork> {
  const { verb, inputs, task, options, places, onState } = request
  checkTask(verb, task)
  const kind = "module" in task ? "module" : "command"
  const work = resolveWork(verb, options, kind)
  let farm: Farm<unknown, unknown> | undefined
  const fail = (error: unknown) => farm?.fail(error)
  const plan = "module" in task ? await modulePlan(task, work, places, fail) : commandPlan(task, work, places)
  const outputs = work.outputs === undefined ? undefined : new Outputs(work.outputs)
  await outputs?.begin()
  const record =
    work.resume === undefined ? undefined : await openResume<unknown, unknown>({ path: work.resume, ...plan.identity })
  farm = new Farm<unknown, unknown>({
    ...{ inputs, places, group: work.group, retries: work.retries, errors: work.errors, signal: work.signal },
    ...{ taskTimeoutMs: work.taskTimeoutMs, timeoutMs: work.timeoutMs, isOrdered: work.ordered ?? false, record },
    start: withSetup(work, places, plan.start),
    bring:
      outputs === undefined
        ? undefined
        : async ({ id, worker }, index, files) => {
            const place = places.list().find((one) => one.id === id)
            if (place === undefined) throw new Error(`${worker} is gone`)
            return outputs.bring(await place.remote(), files, { index, worker })
          },
    onState: () => onState?.(opened.state()),
  })
  const opened = farm
  farm.begin()
  return { farm: opened, close: async () => record?.close() }
}

interface Plan {
  readonly start: StartRunner
  /** What tells it from other work. */
  readonly identity: { readonly work: string; readonly more?: (input: unknown, index: number) => string }
}

async function modulePlan(
  { module, name }: Task<never, unknown>,
  work: ResolvedWork,
  { clock, channels }: Places,
  fail: (error: unknown) => void,
): Promise<Plan> {
  const bundling = Promise.all([runnerBundle(), moduleBundle(module, { hasSetup: work.setup !== undefined })])
  const [runner, bundle] = await clock.busy("bundling the module", bundling)
  const { onLog, slots, outputs, taskTimeoutMs } = work
  const start: StartRunner = async (place) => {
    const { channel, leave } = await channels.use(`module ${place.id}`, async () =>
      startModuleChannel({ remote: await place.remote(), clock, name: nextName(), worker: place.name, runner }),
    )
    const heard = (index: number, text: string) => {
      try {
        onLog?.({ index, worker: place.name, text })
      } catch (error) {
        fail(error)
      }
    }
    const use = { module: bundle, name, slots, hasOutputs: outputs !== undefined, taskTimeoutMs }
    return channel.runner({ ...use, onLog: onLog === undefined ? undefined : heard }, leave)
  }
  return { start, identity: { work: digestOf(`${bundle.digest} ${name}`) } }
}

function commandPlan(task: CommandTask<never>, work: ResolvedWork, { clock, channels }: Places): Plan {
  const { slots, outputs } = work
  const { command, environment = {} } = task as CommandTask<unknown>
  const use = { task: task as CommandTask<unknown>, slots, hasOutputs: outputs !== undefined }
  const start: StartRunner = async (place) => {
    const { channel, leave } = await channels.use(`command ${place.id}`, async () =>
      startCommandChannel({ remote: await place.remote(), clock, name: nextName() }),
    )
    return channel.runner(use, leave)
  }
  const text = typeof command === "function" ? String(command) : JSON.stringify(command)
  const more = (input: unknown, index: number) =>
    typeof command === "function" ? JSON.stringify(command(input, { index, attempt: 1 })) : ""
  return { start, identity: { work: digestOf(`${text} ${JSON.stringify(environment)}`), more } }
}

/** Before the first runner on a worker, once for all calls of this process. */
function withSetup({ setup }: ResolvedWork, { once }: Places, start: StartRunner): StartRunner {
  if (setup === undefined) return start
  const key = digestOf(JSON.stringify(setup))
  return async (place: Place) => {
    await once(place.id, key, async () => {
      await runCommand(await place.remote(), setup, { worker: place.name })
    })
    return start(place)
  }
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex")
}

function checkTask(verb: string, task: AnyTask): void {
  const given = task as Partial<Task<never, unknown> & CommandTask<never>> | undefined
  if (typeof given?.module === "string" || given?.command !== undefined) return
  const message =
    typeof task === "function"
      ? 'is a function of this process; export it from a module and name that: remote<typeof import("./work.js")>(new URL("./work.js", import.meta.url))'
      : "is neither a task of remote(…) nor { command }"
  throw new SpecError([{ option: `${verb}.task`, message }])
}
