/**
 * The seam between the core and what makes one computer of all workers (Dask, Ray): types only.
 *
 * What may be believed of any engine, and what an engine may rely on the core to respect:
 *
 * - It has one head, the on-demand worker of the reserved group `head`. Workers are launched once its instance exists and its numeric
 *   private address is known, not once it has booted: they wait for it by themselves.
 * - A worker joins under its own name (MUSTER_NAME). The head tells who has joined, all in one answer.
 * - A worker that loses its head looks for it again, at the address in the file MUSTER_HEAD_FILE, until it is ended.
 * - `drain` moves what a worker holds elsewhere before it answers. The core ends a worker by its own choice only afterwards, or when the
 *   time for it is over.
 * - Nothing secret is in `startup`, `setup` or `environment`: that is what `secrets` are for.
 * - `head` and `worker` are asked again by each process that opens the cluster: they compute, and answer the same each time.
 */
import type { SecretSource, WorkerFields } from "../spec/worker/worker-fields.js"

/** What an engine is told of the group that a boot is for. */
export interface EngineGroup {
  readonly name: string
  /** What the user wrote of it. */
  readonly fields: WorkerFields
}

/**
 * Where a secret of the engine's own is from. `make` is called once for each cluster: what it gives is kept on the machine that made the
 * cluster, beside the cluster's key (mode 0600), and goes with it. So another process there has the same.
 */
export type EngineSecret = SecretSource | { readonly make: () => Promise<string> | string }

/** What runs on a machine for the engine. Its `setup` goes before what the user gave the group; its `startup` is the only one. */
export interface EngineBoot {
  /** For `sh`. */
  readonly setup?: string
  /** It runs for as long as the machine is a member. */
  readonly startup: string
  readonly environment?: Readonly<Record<string, string>>
  /** By the names of their variables. Boots of one cluster that name the same secret have the same value. */
  readonly secrets?: Readonly<Record<string, EngineSecret>>
}

/** A worker that the engine has seen join. */
export interface Member {
  /** MUSTER_NAME of the worker. */
  readonly name: string
  /** It has nothing to do. What it holds for others is in `heldBytes` alone: who is at work goes after who only holds. */
  readonly isIdle: boolean
  /** How much would be moved if it went, in bytes; 0 where that is not known. */
  readonly heldBytes: number
}

/** What the head says of all in one answer. */
export interface EngineState {
  readonly members: readonly Member[]
  /** How many workers the work wants; undefined where the engine cannot tell. */
  readonly demand?: number
  /** For how long nobody has had anything to do, timed on the head, in milliseconds; 0 while somebody has. */
  readonly idleMs: number
  /** Tasks by their state, in the engine's words. */
  readonly tasks?: Readonly<Record<string, number>>
}

/** The head, as an engine reaches it. */
export interface EngineHead {
  /** Its numeric private address. */
  readonly address: string
  /** An address of this machine from which each connection goes to a port of the head. It stays while the head lives. */
  reach(port: number): Promise<{ readonly host: string; readonly port: number }>
  /** The value of one of the secrets of its boot. */
  secret(name: string): Promise<string>
  /**
   * Writes files of this machine that its user alone reads, for clients of the head. They are beside the cluster's journal, with which
   * they go, also where a process was killed. Without a journal they are in a temporary directory until the signal aborts.
   *
   * @param files texts by names. @returns the paths by the same names.
   */
  keep(files: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Readonly<Record<string, string>>>
  readonly signal: AbortSignal
}

/** A port of the head, and what it is for. */
export interface EnginePorts {
  /** What clients and workers speak to. */
  readonly scheduler: number
  /** What a person looks at in a browser. */
  readonly dashboard?: number
}

export interface EngineClient {
  /** What a client of the engine connects to, on this machine: "tcp://127.0.0.1:43210". */
  readonly address: string
  /** What a person opens in a browser. */
  readonly dashboard?: string
  /** Variables by which a program on this machine finds the cluster. */
  readonly environment: Readonly<Record<string, string>>
}

export interface Engine {
  /** "dask" */
  readonly name: string
  readonly ports: EnginePorts
  /** What the head is, beside what the cluster's spec says; always on-demand, one machine. */
  readonly headFields?: WorkerFields
  /** Plain data to make the same engine from in another process: what stands under its name in a file. */
  readonly recipe: Readonly<Record<string, unknown>>

  /**
   * Asked once before the first paid call: whether what runs here, on the head and on workers goes together.
   *
   * @throws SpecError that names the option.
   */
  check?(groups: readonly EngineGroup[], signal: AbortSignal): Promise<void>

  head(group: EngineGroup): EngineBoot
  /** The head's address is in the variable MUSTER_HEAD_ADDRESS and, where it has changed since the launch, in the file MUSTER_HEAD_FILE. */
  worker(group: EngineGroup): EngineBoot

  /** Members, demand and idle time, in one request. @throws TransientError when the head does not answer. */
  state(head: EngineHead): Promise<EngineState>

  /**
   * Has members let go of what they hold and leave. It is asked again for those that have not, each second until the deadline.
   *
   * @returns the names of those that have left with nothing lost, and of those that are no members. It answers soon, so that each is ended
   * when it has left.
   */
  drain(
    head: EngineHead,
    names: readonly string[],
    options: { readonly deadlineMs: number; readonly signal: AbortSignal },
  ): Promise<readonly string[]>

  /** How a program on this machine uses the cluster, by ports that are forwarded to 127.0.0.1. */
  client(head: EngineHead, forwarded: EnginePorts): Promise<EngineClient>
}
