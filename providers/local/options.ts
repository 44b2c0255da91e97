/** What `local()` may be given, checked once. */
import { availableParallelism, totalmem } from "node:os"
import { join, resolve } from "node:path"
import type * as Zod from "zod"
import { stateDirectory } from "../../src/client/machine.js"
import { parseOptions, type Z } from "../../src/input/parse.js"
import { limitsOfCgroups } from "./machine/cgroup.js"
import { machineOf, notesOfProcess } from "./machine/machine.js"

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

/** The options with their defaults. Throws SpecError with every problem. */
export function configOf(options: LocalOptions | undefined): Config {
  const given = parseOptions("local", (z: Z): Zod.ZodType<LocalOptions> => optionsSchema(z), options ?? {})
  const machine = machineOf({ cores: availableParallelism(), memoryBytes: totalmem() }, limitsOfCgroups())
  return {
    root: resolve(given.root ?? join(stateDirectory(), "muster", "local")),
    capacity: given.capacity ?? DEFAULT_CAPACITY,
    vcpus: given.vcpus ?? machine.vcpus,
    memoryGiB: given.memoryGiB ?? machine.memoryGiB,
    prices: given.prices ?? {},
    graceMs: given.graceMs ?? DEFAULT_GRACE_MS,
    zones: given.zones ?? ["local-a"],
    notes: [...(given.vcpus === undefined ? machine.notes : []), ...notesOfProcess(process.pid)],
  }
}

export function optionsSchema(z: Z) {
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
      .meta({ uniqueItems: true })
      .exactOptional(),
  })
}
