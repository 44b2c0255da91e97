/** Connections: one for each worker while it is needed, no more than a process and a server can take. */
import type { Duplex } from "node:stream"
import pLimit from "p-limit"
import type { Connection } from "./connect.js"

/** sshd drops new connections at random from ten unauthenticated ones on ("MaxStartups 10:30:100", sshd_config). */
const MOST_NEW = 32
/** sshd takes ten channels for commands on a connection ("MaxSessions", sshd_config); one is left for others. */
const MOST_CHANNELS = 9
/** Above so many workers connections take turns: a process has 1,024 open files on most systems. */
const MANY_WORKERS = 256
const MOST_OPEN = 256
const MOST_ROTATING = 64

const CLOSED = "the connections of this cluster are closed"

interface Entry {
  readonly id: string
  readonly isJump: boolean
  readonly connection: Promise<Connection>
  readonly channels: ReturnType<typeof pLimit>
  users: number
  /** Those of its users that hold it for as long as the worker is used. */
  lasting: number
  usedAt: number
}

/** What a use of a connection takes. */
export interface Taking {
  /** False for what opens no channel for a command; true by default. */
  readonly takesChannel?: boolean
  /** It is held for as long as the worker is used: the connection is not one of those that take turns. */
  readonly isLasting?: boolean
}

/** How a connection is made. */
export interface Opening {
  /** The stream that leads to the server; undefined: a socket of its own. It may wait for other connections. */
  readonly way: () => Promise<Duplex | undefined>
  readonly connect: (sock: Duplex | undefined) => Promise<Connection>
  /** Others go through it: it is opened however many there are, and not closed for being idle. */
  readonly isJump: boolean
}

export interface ConnectionsOptions {
  /** How many workers there are. */
  readonly workers: () => number
}

export class Connections {
  readonly #open = new Map<string, Entry>()
  readonly #connecting = pLimit(MOST_NEW)
  readonly #waiting: (() => void)[] = []
  readonly #options: ConnectionsOptions
  readonly #end = new AbortController()
  #turn = 0

  constructor(options: ConnectionsOptions) {
    this.#options = options
  }

  /** Aborted once they are closed. */
  get end(): AbortSignal {
    return this.#end.signal
  }

  /** How many connections are open or on their way. */
  get size(): number {
    return this.#open.size
  }

  /**
   * Calls `fn` with the connection to a worker, which is made where there is none, and stays open afterwards. It is not closed
   * while `fn` has not settled.
   *
   * @param opening makes one.
   */
  async use<T>(
    id: string,
    opening: Opening,
    fn: (connection: Connection) => Promise<T>,
    { takesChannel = true, isLasting = false }: Taking = {},
  ): Promise<T> {
    const entry = await this.#entry(id, opening, isLasting)
    try {
      const connection = await entry.connection
      return await (takesChannel ? entry.channels(() => fn(connection)) : fn(connection))
    } finally {
      entry.users -= 1
      entry.lasting -= Number(isLasting)
      entry.usedAt = this.#turn++
      this.#waiting.shift()?.()
    }
  }

  /** Closes the connection to a worker, if there is one. */
  drop(id: string): void {
    const entry = this.#open.get(id)
    if (entry !== undefined) this.#close(entry)
  }

  close(): void {
    this.#end.abort(new Error(CLOSED))
    for (const entry of this.#open.values()) this.#close(entry)
    for (const wake of this.#waiting.splice(0)) wake()
  }

  async #entry(id: string, opening: Opening, isLasting: boolean): Promise<Entry> {
    for (;;) {
      this.#end.signal.throwIfAborted()
      const found = this.#open.get(id)
      const isFree = opening.isJump || isLasting || this.#takingTurns() < this.#most()
      if (found !== undefined || isFree || this.#closeIdle()) {
        const entry = found ?? this.#add(id, opening)
        entry.users += 1
        entry.lasting += Number(isLasting)
        return entry
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  #add(id: string, { way, connect, isJump }: Opening): Entry {
    // What waits for a jump host must not keep it from its turn.
    const connection = way().then((sock) => (isJump ? connect(sock) : this.#connecting(() => connect(sock))))
    const entry = {
      id,
      isJump,
      connection,
      channels: pLimit(MOST_CHANNELS),
      users: 0,
      lasting: 0,
      usedAt: this.#turn++,
    }
    this.#open.set(id, entry)
    const forget = () => {
      if (this.#open.get(id) === entry) this.#open.delete(id)
      this.#waiting.shift()?.()
    }
    connection.then(({ client }) => client.once("close", forget), forget)
    return entry
  }

  #takingTurns(): number {
    let count = 0
    for (const { lasting } of this.#open.values()) if (lasting === 0) count += 1
    return count
  }

  #most(): number {
    return this.#options.workers() > MANY_WORKERS ? MOST_ROTATING : MOST_OPEN
  }

  /** Closes the one that was idle for longest. */
  #closeIdle(): boolean {
    let oldest: Entry | undefined
    for (const entry of this.#open.values()) {
      if (entry.users === 0 && !entry.isJump && (oldest === undefined || entry.usedAt < oldest.usedAt)) oldest = entry
    }
    if (oldest === undefined) return false
    this.#close(oldest)
    return true
  }

  #close(entry: Entry): void {
    if (this.#open.get(entry.id) === entry) this.#open.delete(entry.id)
    entry.connection.then(
      ({ hangUp }) => hangUp(),
      () => {},
    )
  }
}
