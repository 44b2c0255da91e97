/** What `local()` may be given, checked once. */
import { homedir } from "node:os"
import { availableParallelism, totalmem } from "node:os"
import { join, resolve } from "node:path"
import type * as Zod from "zod"
import { parseOptions, type Z } from "../../src/parse.js"
import { type CgroupLimits, limitsOfCgroups } from "./cgroup.js"

export interface LocalOptions {
  /** Directory of all state. Default `$XDG_STATE_HOME/muster/local`, else `~/.local/state/muster/local`; mode 0700. */
  readonly root?: string
  /** How many instances of one type may live at once in one zone; 256 by default. Cores are shared, not reserved. */
  readonly capacity?: number
  /** Cores to offer; by default those of the machine that this container may use, rounded down, at least one. */
  readonly vcpus?: number
  /** Memory to offer in GiB; by default what of the machine's this container may use. */
  readonly memoryGiB?: number
  /** USD per hour by instance type ("local-1": 0.01). A type that is not named has no known price. */
  readonly prices?: Readonly<Record<string, number>>
  /** Milliseconds between SIGTERM and SIGKILL; 1000 by default, at most 600 000. */
  readonly graceMs?: number
  /** Names of zones, to try what spreads over several; `["local-a"]` by default. */
  readonly zones?: readonly string[]
}

export interface Config {
  readonly root: string
  readonly capacity: number
  readonly vcpus: number
  readonly memoryGiB: number
  readonly prices: Readonly<Record<string, number>>
  readonly graceMs: number
  readonly zones: readonly string[]
  /** What users should know of this machine before they rely on it. */
  readonly notes: readonly string[]
}

/** Each instance is some eight processes, and 256 of them stay below the 4096 that a container is commonly allowed. */
const DEFAULT_CAPACITY = 256

/** Enough for a worker to close its files and sockets; "zero is immediate" forbids more unless the user asks for it. */
const DEFAULT_GRACE_MS = 1000
const LONGEST_GRACE_MS = 600_000

const BYTES_PER_GIB = 2 ** 30

/** The options with their defaults. Throws SpecError with every problem. */
export function configOf(options: LocalOptions | undefined): Config {
  const given = parseOptions("local", schema, options ?? {})
  const machine = machineOf(limitsOfCgroups())
  return {
    root: resolve(given.root ?? defaultRoot()),
    capacity: given.capacity ?? DEFAULT_CAPACITY,
    vcpus: given.vcpus ?? machine.vcpus,
    memoryGiB: given.memoryGiB ?? machine.memoryGiB,
    prices: given.prices ?? {},
    graceMs: given.graceMs ?? DEFAULT_GRACE_MS,
    zones: given.zones ?? ["local-a"],
    notes: [...(given.vcpus === undefined ? machine.notes : []), ...notesOfProcess(process.pid)],
  }
}

/** What may be used of this machine: whole cores, because a worker that asks for one wants a place here all the same. */
export function machineOf(
  limits: CgroupLimits,
  has = { cores: availableParallelism(), memoryBytes: totalmem() },
): Pick<Config, "vcpus" | "memoryGiB" | "notes"> {
  const cores = Math.min(has.cores, limits.cores ?? has.cores)
  const memoryBytes = Math.min(has.memoryBytes, limits.memoryBytes ?? has.memoryBytes)
  return {
    vcpus: Math.max(1, Math.floor(cores)),
    memoryGiB: Math.max(0.01, Math.floor((memoryBytes / BYTES_PER_GIB) * 100) / 100),
    notes:
      cores < 1
        ? [`this container may use ${Number(cores.toFixed(2))} of a core: local-1 is that share, not a whole core`]
        : [],
  }
}

/**
 * Orphans become children of process 1, and only their parent can take their exit status. Node does so for what it started
 * itself, so of each instance some processes would stay as zombies, each with its number. Node has no call to change that.
 */
export function notesOfProcess(pid: number): readonly string[] {
  if (pid !== 1) return []
  return [
    "this process is number 1 of its container and reaps no orphans: what ended instances leave stays as zombies, until the " +
      "limit on processes is reached; start the container with an init (docker run --init, or tini as its entry point)",
  ]
}

/** XDG Base Directory Specification: a relative path in the variable is to be ignored. */
function defaultRoot(): string {
  const state = process.env.XDG_STATE_HOME
  const base = state?.startsWith("/") ? state : join(homedir(), ".local", "state")
  return join(base, "muster", "local")
}

function schema(z: Z): Zod.ZodType<LocalOptions> {
  const zone = z.string().regex(/^[a-z0-9][a-z0-9-]*$/, "use lower-case letters, digits and -")
  return z.strictObject({
    root: z.string().min(1).exactOptional(),
    capacity: z.int().min(1).max(10_000).exactOptional(),
    vcpus: z.int().min(1).exactOptional(),
    memoryGiB: z.number().positive().exactOptional(),
    prices: z.record(z.string(), z.number().min(0)).exactOptional(),
    graceMs: z.int().min(0).max(LONGEST_GRACE_MS).exactOptional(),
    zones: z
      .array(zone)
      .min(1)
      .refine((zones) => new Set(zones).size === zones.length, "name each zone once")
      .exactOptional(),
  })
}
