/** Remote: a worker that is reached over ssh. */
import type { Duplex } from "node:stream"
import type { Clock } from "../../calls/clock.js"
import { listen } from "../listen.js"
import type { Command, Forward, Remote, RemoteProcess, SpawnOptions } from "../remote.js"
import { type Connection, connectPatiently, type Server } from "./connect.js"
import type { Connections, Opening } from "./connections.js"
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
}

interface Opened {
  readonly connections: Connections
  readonly clock: Clock
  readonly isJump: boolean
}

/** @param connections of the cluster; several remotes of one worker share its connection. */
export function sshRemote(place: SshPlace, connections: Connections, clock: Clock): Remote {
  const opening = openingOf(place, { connections, clock, isJump: false })
  const forwards = new Set<Forward>()
  return {
    spawn(command: Command, options: SpawnOptions = {}): Promise<RemoteProcess> {
      return new Promise((resolve, reject) => {
        connections
          .use(place.id, opening, async (connection) => {
            const started = await startProcess(
              { client: connection.client, name: place.server.name },
              command,
              options,
              clock,
            )
            resolve(started)
            // The channel is in use until then.
            await started.ended.catch(() => {})
          })
          .catch(reject)
      })
    },
    async forward(port, at) {
      const way = () =>
        connections.use(
          place.id,
          opening,
          (connection) => throughConnection(connection, { name: place.server.name, host: "127.0.0.1", port }),
          false,
        )
      const forward = await listen(way, at)
      forwards.add(forward)
      return forward
    },
    async close() {
      await Promise.all([...forwards].map((forward) => forward.close()))
      connections.drop(place.id)
    },
  }
}

function openingOf(place: SshPlace, { connections, clock, isJump }: Opened): Opening {
  return {
    isJump,
    way: () => streamTo(place, connections, clock),
    connect: async (sock) => {
      const connection = await connectPatiently(place.server, { clock, ...(sock === undefined ? {} : { sock }) })
      try {
        await place.connected?.(connection)
      } catch (error) {
        connection.client.destroy()
        throw error
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
      return connections.use(way.place.id, opening, through, false)
    }
  }
}
