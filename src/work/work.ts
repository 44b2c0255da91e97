/** Work: brings together what one call needs: its options, its bundle, its runners, what is kept of it. */
import { createHash, randomBytes } from "node:crypto"
import type { Clock } from "../calls/clock.js"
import { SpecError, type SpecProblem } from "../errors.js"
import { show } from "../input/parse.js"
import { commandProblem, variableProblem } from "../remote/limits.js"
import { runCommand } from "../remote/output.js"
import type { Command } from "../remote/remote.js"
import { moduleBundle, runnerBundle } from "./bundle/bundle.js"
import { startCommandChannel } from "./runners/command-runner.js"
import type { StartRunner } from "./farm/crew.js"
import { Farm, type Recorder } from "./farm/farm.js"
import { startModuleChannel } from "./runners/module-runner.js"
import { nodeInside } from "./runners/node-inside.js"
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
  /** Of commands that a function makes: what tells them from others, beside its own text. */
  readonly identity?: string | undefined
  readonly options: WorkOptions
  readonly clock: Clock
}

/** Where work is done. */
export interface WorkBegin {
  readonly places: Places
  /** Each worker has one task, and no more. */
  readonly isOnceAWorker?: boolean
  /** Something of how far it has come has changed. */
  readonly onState?: (state: () => WorkState) => void
}

/** Work of which all that needs no worker is known to be right. */
export interface PreparedWork {
  begin(at: WorkBegin): OpenWork
  /** To be called where it does not begin. */
  close(): Promise<void>
}

/** Programs of other processes on the same workers are ended by those of this one. */
const OWNER = randomBytes(6).toString("hex")
let programs = 0

function nextName({ inside }: Place): ProgramName {
  programs += 1
  return { owner: OWNER, number: programs, ...(inside === undefined ? {} : { isInside: true }) }
}

/** Of a program on a worker: in its container there is another one than on its machine. */
function keyOf(kind: "module" | "command", { id, inside }: Place): string {
  return `${kind} ${id}${inside === undefined ? "" : " inside"}`
}

/** @throws SpecError when an option, the module or the file of `resume` is wrong. */
export async function prepareWork(request: WorkRequest): Promise<PreparedWork> {
  const { verb, inputs, task, identity = "", options, clock } = request
  checkInputs(verb, inputs)
  checkTask(verb, task)
  const kind = "module" in task ? "module" : "command"
  const work = resolveWork(verb, options, kind)
  const plan = "module" in task ? await modulePlan(task, work, clock) : commandPlan(task, work, clock, identity)
  const outputs = work.outputs === undefined ? undefined : new Outputs(work.outputs)
  await outputs?.begin()
  const record =
    work.resume === undefined ? undefined : await openResume<unknown, unknown>({ path: work.resume, ...plan.identity })
  const close = async () => record?.close()
  return { close, begin: (at) => ({ farm: farmOf({ inputs, work, plan, outputs, record }, at), close }) }
}

interface Parts {
  readonly inputs: Inputs<unknown>
  readonly work: ResolvedWork
  readonly plan: Plan
  readonly outputs: Outputs | undefined
  readonly record: Recorder<unknown, unknown> | undefined
}

function farmOf({ inputs, work, plan, outputs, record }: Parts, at: WorkBegin): Farm<unknown, unknown> {
  const { places, isOnceAWorker = false, onState } = at
  const fail = (error: unknown) => farm.fail(error)
  const farm = new Farm<unknown, unknown>({
    ...{ inputs, places, group: work.group, retries: work.retries, errors: work.errors, signal: work.signal },
    ...{ taskTimeoutMs: work.taskTimeoutMs, timeoutMs: work.timeoutMs, isOrdered: work.ordered ?? false, record },
    ...{ isOnceAWorker, start: withSetup(work, places, plan.startOn(places, fail)) },
    bring:
      outputs === undefined
        ? undefined
        : async ({ id, worker }, index, files) => {
            const place = places.list().find((one) => one.id === id)
            if (place === undefined) throw new Error(`${worker} is gone`)
            return outputs.bring(await place.remote(), files, { index, worker })
          },
    onState: () => onState?.(state),
  })
  const state = () => farm.state()
  farm.begin()
  return farm
}

interface Plan {
  /** @param fail ends the work. */
  readonly startOn: (places: Places, fail: (error: unknown) => void) => StartRunner
  /** What tells it from other work. */
  readonly identity: { readonly work: string; readonly more?: (input: unknown, index: number) => string }
}

async function modulePlan({ module, name }: Task<never, unknown>, work: ResolvedWork, clock: Clock): Promise<Plan> {
  const bundling = Promise.all([runnerBundle(), moduleBundle(module, { hasSetup: work.setup !== undefined })])
  const [runner, bundle] = await clock.busy("bundling the module", bundling)
  const { onLog, slots, outputs, taskTimeoutMs } = work
  const startOn: Plan["startOn"] =
    ({ channels }, fail) =>
    async (place) => {
      const { channel, leave } = await channels.use(keyOf("module", place), async () => {
        const about = { clock, name: nextName(place), worker: place.name, runner }
        const inside = await place.inside?.()
        if (inside === undefined) return startModuleChannel({ ...about, remote: await place.remote() })
        return startModuleChannel({ ...about, remote: inside, node: await nodeInside(inside, place.name) })
      })
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
  return { startOn, identity: { work: digestOf(`${bundle.digest} ${name}`) } }
}

function commandPlan(task: CommandTask<never>, work: ResolvedWork, clock: Clock, identity: string): Plan {
  const { slots, outputs } = work
  const { command, environment = {} } = task as CommandTask<unknown>
  const use = { task: task as CommandTask<unknown>, slots, hasOutputs: outputs !== undefined }
  const startOn: Plan["startOn"] =
    ({ channels }) =>
    async (place) => {
      const { channel, leave } = await channels.use(keyOf("command", place), async () =>
        startCommandChannel({ remote: await place.remote(), clock, name: nextName(place) }),
      )
      return channel.runner(use, leave)
    }
  const text = typeof command === "function" ? `${identity}${String(command)}` : JSON.stringify(command)
  const more = (input: unknown, index: number) =>
    typeof command === "function" ? JSON.stringify(command(input, { index, attempt: 1 })) : ""
  return { startOn, identity: { work: digestOf(`${text} ${JSON.stringify(environment)}`), more } }
}

/** Before the first runner on a worker, once for all calls of this process. */
function withSetup({ setup }: ResolvedWork, { once }: Places, start: StartRunner): StartRunner {
  if (setup === undefined) return start
  const key = digestOf(JSON.stringify(setup))
  return async (place: Place) => {
    await once(place.id, place.inside === undefined ? key : `${key} inside`, async () => {
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
  if (typeof given?.module === "string") return
  if (given?.command !== undefined) {
    const problems = [
      ...commandProblems(`${verb}.task.command`, given.command),
      ...environmentProblems(`${verb}.task.environment`, given.environment ?? {}),
    ]
    if (problems.length > 0) throw new SpecError(problems)
    return
  }
  const message =
    typeof task === "function"
      ? 'is a function of this process; export it from a module and name that: remote<typeof import("./work.js")>(new URL("./work.js", import.meta.url))'
      : "is neither a task of remote(…) nor { command }"
  throw new SpecError([{ option: `${verb}.task`, message }])
}

/** Of one that is the same for all inputs; what a function makes is looked at when it has made it. */
function commandProblems(option: string, command: CommandTask<never>["command"]): SpecProblem[] {
  const message = typeof command === "function" || !isCommand(command) ? undefined : commandProblem(command)
  return message === undefined ? [] : [{ option, message }]
}

function isCommand(command: Command): boolean {
  return [command].flat().every((one: unknown) => typeof one === "string")
}

function environmentProblems(option: string, environment: object): SpecProblem[] {
  const isObject = typeof environment === "object"
  if (!isObject) return [{ option, value: environment, message: `is ${show(environment)}; use { NAME: "value" }` }]
  return Object.entries(environment).flatMap(([name, value]: [string, unknown]): SpecProblem[] => {
    const at = { option: `${option}.${name}`, value }
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
      return [{ ...at, message: "is no name of a variable; use letters, digits and _" }]
    if (typeof value !== "string") return [{ ...at, message: `is ${show(value)}; use a text` }]
    if (value.includes("\0")) return [{ ...at, message: "has a NUL in it, which no variable can hold" }]
    const message = variableProblem(name, value)
    return message === undefined ? [] : [{ option: at.option, message }]
  })
}

function checkInputs(verb: string, inputs: unknown): void {
  const given = inputs as Partial<Iterable<unknown> & AsyncIterable<unknown>> | null | undefined
  const isMany = typeof given?.[Symbol.iterator] === "function" || typeof given?.[Symbol.asyncIterator] === "function"
  if (isMany && typeof inputs !== "string") return
  const message = `is ${show(inputs)}; use a list, or anything else that gives one input after the other`
  throw new SpecError([{ option: `${verb}.inputs`, value: inputs, message }])
}
