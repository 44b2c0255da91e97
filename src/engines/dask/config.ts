/** Config: what `dask()` was given, checked once, with its defaults. */
import type * as Zod from "zod"
import { SpecError } from "../../errors.js"
import { type OptionHints, parseOptions, type Z } from "../../input/parse.js"
import { durationMs, durationSchema } from "../../spec/duration.js"
import type { WorkerFields } from "../../spec/types.js"
import { memoryLimitOf } from "./memory.js"
import type { DaskOptions } from "./options.js"
import { type Requirements, readRequirements } from "./requirements/read.js"

export interface DaskConfig {
  readonly requirements: Requirements
  /** Whether anything is installed. */
  readonly hasRequirements: boolean
  /** Of dask and distributed, where it was given by itself. */
  readonly version: string | undefined
  readonly python: string | undefined
  readonly client: string | false
  readonly head: WorkerFields | undefined
  readonly nthreads: number | undefined
  /** As `dask worker` takes it. */
  readonly memoryLimit: string
  /** Undefined where it depends on the machine. */
  readonly memoryBytes: number | undefined
  readonly nanny: boolean
  readonly deathTimeoutS: number
  readonly resources: Readonly<Record<string, Readonly<Record<string, number>>>>
  readonly tls: boolean
  readonly dashboard: boolean
  readonly port: number
  readonly dashboardPort: number
  readonly env: Readonly<Record<string, string>>
}

/** What Dask's own classes and other tools call it. */
const OTHER_NAMES: OptionHints = {
  ...{
    nworkers: "cluster.scale(n) says how many workers there are",
    threadsperworker: "nthreads",
    nthread: "nthreads",
  },
  ...{ schedulerport: "port", dashboardaddress: "dashboardPort", security: "tls", protocol: "tls", envvars: "env" },
  ...{ environment: "env", pip: "requirements", packages: "requirements", dependencies: "requirements" },
  ...{ conda: "a conda environment belongs into an image or container of the spec", scheduleroptions: "head" },
  ...{
    dockerimage: "container belongs to the cluster's spec",
    image: "image and container belong to the cluster's spec",
  },
  ...{
    idletimeout: "idleTimeout belongs to the cluster's spec",
    lifetime: "maxLifetime belongs to the cluster's spec",
  },
}

const VERSION = /^\d{4}\.\d{1,2}\.\d{1,2}$/
const VERSION_RULE = 'use the whole number of a release: "2024.1.0"'
const PYTHON = /^3\.\d{1,2}$/
const PYTHON_RULE = 'use major and minor: "3.11"'
const PORT_RULE = "use a port from 1024 to 65535"
const VARIABLE = /^(?!MUSTER_|ENGINE_|__proto__$)[A-Za-z_][A-Za-z0-9_]*$/
const VARIABLE_RULE = `use letters, digits and "_", not beginning with a digit, "MUSTER_" or "ENGINE_"`
/** Dask reads a list of NAME=AMOUNT, apart by blanks or commas. */
const RESOURCE = /^[A-Za-z_][\w.:-]*$/
const RESOURCE_RULE = 'use letters, digits, "_", ".", ":" and "-", beginning with a letter'

export const optionsSchema = (z: Z) => {
  const port = z.int(PORT_RULE).min(1024, PORT_RULE).max(65_535, PORT_RULE)
  const word = z.string().min(1, "must not be empty")
  const amounts = z.record(z.string().regex(RESOURCE, RESOURCE_RULE), z.number().positive())
  return z.strictObject({
    requirements: z.union([word, z.array(word).min(1, "name at least one, or leave it out")]).optional(),
    version: z.string(VERSION_RULE).regex(VERSION, VERSION_RULE).optional(),
    python: z.string(PYTHON_RULE).regex(PYTHON, PYTHON_RULE).optional(),
    client: z.union([word, z.literal(false)]).optional(),
    head: z.record(z.string(), z.unknown()).optional(),
    nthreads: z.int("use a whole number").positive("use 1 or more").max(1024).optional(),
    memoryLimit: z.union([z.number(), z.string(), z.literal(false)]).optional(),
    nanny: z.boolean().optional(),
    deathTimeout: durationSchema(z).optional(),
    resources: z.record(z.string(), amounts).optional(),
    tls: z.boolean().optional(),
    dashboard: z.boolean().optional(),
    port: port.optional(),
    dashboardPort: port.optional(),
    env: z.record(z.string().regex(VARIABLE, VARIABLE_RULE), z.string()).optional(),
  })
}

/** The options with their defaults. @throws SpecError with every problem. */
export function configOf(options: DaskOptions | undefined): DaskConfig {
  const schema = (z: Z) => optionsSchema(z) as unknown as Zod.ZodType<DaskOptions>
  const given = parseOptions("dask", schema, options ?? {}, [], OTHER_NAMES)
  const memory = memoryLimitOf(given.memoryLimit ?? "auto")
  const requirements = readRequirements(given.requirements, given.version)
  const deathTimeoutS = Math.ceil((durationMs(given.deathTimeout ?? "60s") ?? 60_000) / 1000)
  const [port, dashboardPort] = [given.port ?? 8786, given.dashboardPort ?? 8787]
  const problems = [
    ...memory.problems,
    ...requirements.problems,
    ...(port === dashboardPort
      ? [{ option: "dask.dashboardPort", value: dashboardPort, message: `is ${port}, as port is; give another one` }]
      : []),
  ]
  if (problems.length > 0) throw new SpecError(problems)
  return {
    requirements,
    hasRequirements: requirements.lines.length > 0,
    version: given.version,
    python: given.python,
    client: given.client ?? "python3",
    head: given.head,
    nthreads: given.nthreads,
    memoryLimit: memory.flag,
    memoryBytes: memory.bytes,
    nanny: given.nanny ?? true,
    deathTimeoutS: Math.max(1, deathTimeoutS),
    resources: given.resources ?? {},
    tls: given.tls ?? false,
    dashboard: given.dashboard ?? true,
    port,
    dashboardPort,
    env: given.env ?? {},
  }
}
