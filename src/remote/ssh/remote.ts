/** Remote: a worker that is reached over ssh. */
import type { Duplex } from "node:stream"
import { onAbort } from "../../calls/aborts.js"
import type { Clock } from "../../calls/clock.js"
import { listen } from "../listen.js"
import type { Command, Forward, Remote, RemoteProcess, SpawnOptions } from "../remote.js"
import { type Connection, connect, type Server } from "./connect.js"
import type { Connections, Opening, Taking } from "./connections.js"
import { Patience } from "./patience.js"
import { travelling } from "../shell.js"
import { startProcess } from "./process.js"
import { throughCommand, throughConnection } from "./via.js"

/** How a server is reached: directly, through another server, or through the streams of a command. */
export type Way =
  | { readonly kind: "direct" }
  | { readonly kind: "jump"; readonly place: SshPlace }
  | { readonly kind: "command"; readonly command: string }

export interface SshPlace {
  /** Of the connection: the instance's id. */
  readonly id: string
  readonly server: Server
  readonly way: Way
  /** Hears of each new connection before it is used: checks what was seen at first sight. */
  readonly connected?: (connection: Connection) => Promise<void>
  /** Until then, by the clock, it may still be booting: that it does not let us in is no error yet. */
  readonly youngUntil?: number
}

interface Opened {
  readonly connections: Connections
  readonly clock: Clock
  readonly isJump: boolean
}

/** @param connections of the cluster; several remotes of one worker share its connection. */
export function sshRemote(place: SshPlace, connections: Connections, clock: Clock): Remote {
  const use = patientUse(place, connections, clock)
  const forwards = new Set<Forward>()
  const { name } = place.server
  return {
    spawn(command: Command, options: SpawnOptions = {}): Promise<RemoteProcess> {
      return new Promise((resolve, reject) => {
        const { signal } = options
        const sent = travelling(command, options)
        const unheard = onAbort(signal, () => reject(signal?.reason as Error))
        const run = async ({ client }: Connection) => {
          signal?.throwIfAborted()
          const started = await startProcess({ client, name }, sent, options, clock)
          resolve(started)
          // The channel is in use until then.
          await started.ended.catch(() => {})
        }
        use(run, { isLasting: options.isLasting ?? false, signal })
          .catch(reject)
          .finally(unheard)
      })
    },
    async forward(port, at) {
      const through = (connection: Connection) => throughConnection(connection, { name, host: "127.0.0.1", port })
      const forward = await listen(() => use(through, { takesChannel: false, signal: undefined }), at)
      forwards.add(forward)
      return forward
    },
    async close() {
      await Promise.all([...forwards].map((forward) => forward.close()))
      connections.drop(place.id)
    },
  }
}

interface Use extends Taking {
  /** Ends the waiting for a connection. */
  readonly signal: AbortSignal | undefined
}

/** Uses the place's connection. Only the way to it is tried again: what has begun with a connection is never begun twice. */
function patientUse(place: SshPlace, connections: Connections, clock: Clock) {
  const opening = openingOf(place, { connections, clock, isJump: false })
  return async <T>(fn: (connection: Connection) => Promise<T>, { signal, ...taking }: Use): Promise<T> => {
    const patience = new Patience(place, clock, [connections.end, ...(signal === undefined ? [] : [signal])])
    let isThere = false
    const begin = (connection: Connection) => {
      isThere = true
      return fn(connection)
    }
    for (;;) {
      try {
        return await connections.use(place.id, opening, begin, taking)
      } catch (error) {
        if (isThere || !(await patience.again(error))) throw error
      }
    }
  }
}

/** Connects, which checks the host keys on the way or proves them at first sight. @throws what a connection throws. */
export function meet(place: SshPlace, connections: Connections, clock: Clock): Promise<void> {
  const use = patientUse(place, connections, clock)
  return use(() => Promise.resolve(), { takesChannel: false, signal: undefined })
}

function openingOf(place: SshPlace, { connections, clock, isJump }: Opened): Opening {
  return {
    isJump,
    way: () => streamTo(place, connections, clock),
    connect: async (sock) => {
      const { end: signal } = connections
      const connection = await connect(place.server, { clock, signal, ...(sock === undefined ? {} : { sock }) })
      const unheard = onAbort(signal, connection.hangUp)
      try {
        await place.connected?.(connection)
      } catch (error) {
        connection.hangUp()
        throw error
      } finally {
        unheard()
      }
      return connection
    },
  }
}

async function streamTo(
  { server, way }: SshPlace,
  connections: Connections,
  clock: Clock,
): Promise<Duplex | undefined> {
  switch (way.kind) {
    case "direct":
      return undefined
    case "command":
      return throughCommand(way.command, server)
    case "jump": {
      const opening = openingOf(way.place, { connections, clock, isJump: true })
      const through = (connection: Connection) => throughConnection(connection, server)
      return connections.use(way.place.id, opening, through, { takesChannel: false })
    }
  }
}
