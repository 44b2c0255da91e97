/** Scene: what the processes of a trial share, and every wait of theirs, measured. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Cluster } from "../../../src/cluster.js"
import { MusterError } from "../../../src/errors.js"
import { TAG } from "../../../src/fleet/tags.js"
import type { Provider } from "../../../src/provider.js"
import { oursIn, type Stage } from "../../simulation/stage.js"
import type { Watch } from "../../simulation/watch.js"
import type { OwnerLife } from "./life.js"
import type { OwnersTrial } from "./trial.js"

/** An object that a process has, or had, open. */
export interface Held {
  readonly cluster: Cluster
  readonly life: OwnerLife
  readonly isWatcher: boolean
  /** It was closed, or let go, by its user. */
  isOver: boolean
}

interface Wait {
  readonly what: string
  readonly life: OwnerLife
}

export interface Scene {
  readonly stage: Stage
  readonly trial: OwnersTrial
  readonly watch: Watch
  readonly problems: string[]
  /** Where journals are kept, one directory for each machine. */
  readonly folder: string
  readonly held: Held[]
  readonly waits: Set<Wait>
  /** Processes that keep journals and live, by their directory. */
  readonly keeping: Map<string, Set<OwnerLife>>
  /** What the targets that were asked for came to. */
  readonly scaled: unknown[]
  /** How many processes there were. */
  born: number
  /** How many of them were killed. */
  crashes: number
  /** How many objects were let go of, or came to their end with something left: nobody ends what they made. */
  left: number
}

/** A wait may be so much longer than it was told to be, in milliseconds: what it ends by is answered first. */
const SLACK_MS = 1_000
/** Undefined where it rejected, as it may with an error of Muster's own or the caller's reason. */
export async function timed<T>(
  scene: Scene,
  what: string,
  limitMs: number,
  life: OwnerLife,
  work: Promise<T>,
  reason?: Error,
): Promise<T | Error> {
  const { stage, problems, waits } = scene
  const begun = stage.clock.now()
  const wait = { what, life }
  waits.add(wait)
  try {
    return await work
  } catch (error) {
    if (!(error instanceof MusterError) && error !== reason)
      problems.push(`${what} rejected with ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
    return error as Error
  } finally {
    waits.delete(wait)
    const ms = stage.clock.now() - begun
    if (ms > limitMs + SLACK_MS) problems.push(`${what} took ${ms / 1000} s, and had ${limitMs / 1000} s`)
  }
}

/** What still waits, of processes that live. */
export function openWaits({ waits }: Scene): readonly string[] {
  return [...waits].flatMap(({ what, life }) => (life.isDead ? [] : [`${what} has not ended`]))
}

/** A cloud that has nothing that can be made only once, as Compute Engine. */
function unclaimed({ claim: _claim, ...provider }: Provider): Provider {
  return { ...provider, prepare: (owner, group, calls) => provider.prepare(owner, group, { ...calls, readOnly: true }) }
}

/** The trial's providers for one object: it may end instances of one cluster in one request, and nobody else's. */
export function providersOf({ stage, trial, problems }: Scene): readonly Provider[] {
  return stage.providers.map((given) => {
    const provider = trial.hasClaims ? given : unclaimed(given)
    return {
      ...provider,
      terminate: (instances, calls) => {
        const uids = new Set(instances.map(({ tags }) => tags[TAG.uid]))
        if (uids.size > 1) problems.push(`one request ends instances of ${uids.size} uids`)
        return provider.terminate(instances, calls)
      },
    }
  })
}

/** The largest process id that Linux gives is one less. */
const NOBODY = 2 ** 22 + 1

/** What a killed process has left on its machine says that it has ended, as nothing does while this one lives. */
export function bury({ keeping }: Scene, directory: string, life: OwnerLife): void {
  const others = keeping.get(directory)
  others?.delete(life)
  if (others === undefined || others.size > 0) return
  for (const name of readdirSync(directory).filter((file) => file.endsWith(".jsonl"))) {
    const path = join(directory, name)
    writeFileSync(path, readFileSync(path, "utf8").replace(/"pid":\d+/, `"pid":${NOBODY}`))
  }
}

/** What lives under the name in truth, by uid. */
export function livingUids({ stage }: Scene): ReadonlyMap<string, number> {
  const uids = new Map<string, number>()
  for (const { tags } of stage.worlds.flatMap((world) =>
    oursIn(world, { states: ["pending", "running", "stopped"] }),
  )) {
    const { [TAG.uid]: uid = "" } = tags
    uids.set(uid, (uids.get(uid) ?? 0) + 1)
  }
  return uids
}
