/** Options of work, as they are checked once. */
import type { SpecProblem } from "../errors.js"
import { parseOptions, type Z } from "../input/parse.js"
import { durationMs, durationSchema } from "../spec/duration.js"
import type { WorkOptions } from "./types.js"

export interface ResolvedWork extends Omit<WorkOptions, "slots" | "taskTimeout" | "timeout"> {
  readonly slots: number | "vcpus"
  readonly retries: number
  readonly errors: "throw" | "yield"
  readonly taskTimeoutMs: number | undefined
  readonly timeoutMs: number | undefined
}

/** More than a machine has use for, and a number that was meant for something else. */
const MOST_SLOTS = 1024

const SLOTS_RULE = `use "vcpus", or a number from 1 to ${MOST_SLOTS}`

const schema = (z: Z) => {
  const line = z.string().min(1, "must not be empty")
  return z.strictObject({
    slots: z.union([z.literal("vcpus"), z.int().min(1).max(MOST_SLOTS)], SLOTS_RULE).optional(),
    setup: z.union([line, z.array(line).min(1)]).optional(),
    retries: z.int().min(0).max(1000).optional(),
    taskTimeout: durationSchema(z).optional(),
    timeout: durationSchema(z).optional(),
    errors: z.enum(["throw", "yield"]).optional(),
    outputs: line.optional(),
    resume: line.optional(),
    ordered: z.boolean().optional(),
    group: line.optional(),
    host: z.boolean().optional(),
    signal: z.custom((value) => value instanceof AbortSignal, "use the signal of an AbortController").optional(),
    onLog: z.custom((value) => typeof value === "function", "use a function").optional(),
  })
}

/** @throws SpecError with all that is wrong. */
export function resolveWork(verb: string, options: WorkOptions, kind: "module" | "command"): ResolvedWork {
  parseOptions<unknown>(verb, schema, options, problemsOf(verb, options))
  const { slots = kind === "module" ? "vcpus" : 1, retries = 0, errors = "throw", taskTimeout, timeout } = options
  const ms = (text: string | undefined) => (text === undefined ? undefined : durationMs(text))
  return { ...options, slots, retries, errors, taskTimeoutMs: ms(taskTimeout), timeoutMs: ms(timeout) }
}

function problemsOf(verb: string, { taskTimeout, timeout }: WorkOptions): SpecProblem[] {
  return Object.entries({ taskTimeout, timeout }).flatMap(([name, value]) =>
    typeof value === "string" && durationMs(value) === 0
      ? [{ option: `${verb}.${name}`, value, message: 'is no time at all; use a duration such as "10m"' }]
      : [],
  )
}
