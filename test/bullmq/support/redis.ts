/** A real Redis (Debian: redis-server) on a socket in a folder of its own, which keeps nothing on disk. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Redis } from "ioredis"

const SERVER = "redis-server"

/** Why tests with a real Redis are skipped; undefined where there is one. */
export const noRedis: string | undefined =
  spawnSync(SERVER, ["--version"]).status === 0 ? undefined : "needs a real Redis: apt-get install redis-server"

export class RedisServer {
  readonly #folder = mkdtempSync(join(tmpdir(), "muster-redis-"))
  readonly path = join(this.#folder, "socket")
  readonly #clients: Redis[] = []
  #child: ChildProcess | undefined

  /** Begins anew, with the data of the last `stop`. */
  async start(): Promise<void> {
    const settings = {
      port: "0",
      unixsocket: this.path,
      dir: this.#folder,
      save: "",
      appendonly: "yes",
      appendfsync: "no",
    }
    const words = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
    this.#child = spawn(SERVER, words, { stdio: "ignore" })
    const client = new Redis({ path: this.path, maxRetriesPerRequest: null, retryStrategy: () => 10 })
    client.on("error", () => {})
    await client.ping()
    client.disconnect()
  }

  /** A connection as BullMQ wants it; it ends with the server. @param path where something listens, or nothing. */
  connect(path = this.path): Redis {
    const client = new Redis({ path, maxRetriesPerRequest: null, retryStrategy: () => 50 })
    client.on("error", () => {})
    this.#clients.push(client)
    return client
  }

  /** As a machine that loses its power. */
  async kill(): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    child.kill("SIGKILL")
    await once(child, "exit")
  }

  async remove(): Promise<void> {
    for (const client of this.#clients) client.disconnect()
    await this.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
