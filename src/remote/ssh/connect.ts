/** Connect: one connection to one server, whose host key is checked before anything is sent. */
import { createRequire } from "node:module"
import type * as Net from "node:net"
import type { Duplex } from "node:stream"
import type { Client, ConnectConfig } from "ssh2"
import { onAbort } from "../../calls/aborts.js"
import type { Clock } from "../../calls/clock.js"
import { AuthError, HostKeyError, TimeoutError, TransientError } from "../../errors.js"
import { fingerprint } from "./keys.js"
import { loadSsh } from "./load.js"

/** From the first byte to a connection that takes commands, in milliseconds: a server may accept and say nothing. */
const READY_MS = 30_000
/** An idle connection through a NAT is dropped without a word, some after a minute: three questions without an answer end it. */
const ALIVE_EVERY_MS = 15_000
const MOST_UNANSWERED = 3
/** A server hangs up at once where it is told that we do; a machine that is gone never answers, in milliseconds. */
const HANG_UP_MS = 2000

/** curve25519 costs a tenth of what OpenSSH's default (a post-quantum hybrid) does; servers of the last ten years have it. */
export const KEX = ["curve25519-sha256", "curve25519-sha256@libssh.org", "ecdh-sha2-nistp256"] as const

export interface Server {
  /** In words, for errors: the name of the worker. */
  readonly name: string
  readonly host: string
  readonly port: number
  readonly user: string
  /** The text of a private key file; left out where `agent` is given. */
  readonly privateKey?: string
  /** Where that file is. */
  readonly keyPath?: string
  /** The socket of an ssh agent. */
  readonly agent?: string
  /** The blobs of the host keys that the worker has, in base64; undefined where none is known. */
  readonly hostKeys?: readonly string[]
}

export interface Connection {
  readonly client: Client
  /** The blob of the key that the server showed, in base64. */
  readonly hostKey: string
  /** Says so to the server, and waits for it only a moment: an open socket keeps this process alive. */
  hangUp(): void
}

export interface ConnectOptions {
  readonly clock: Clock
  readonly signal?: AbortSignal
  /** A stream that leads to the server, which is closed with the connection; a socket is opened when left out. */
  readonly sock?: Duplex
  /** In milliseconds. */
  readonly timeoutMs?: number
}

/**
 * @throws HostKeyError when the server shows a key that is not among the known ones: nothing was sent to it.
 * @throws AuthError when the server does not take our key.
 * @throws TimeoutError when it is not ready within 30 s.
 * @throws TransientError when it cannot be reached, or hangs up.
 */
export async function connect(server: Server, options: ConnectOptions): Promise<Connection> {
  const { signal, sock, clock } = options
  try {
    signal?.throwIfAborted()
    // It may have broken off while others were connected.
    if (sock?.destroyed === true) throw connectError(server, sock.errored ?? new Error("the way there was closed"))
  } catch (error) {
    sock?.destroy()
    throw error
  }
  const { Client } = loadSsh()
  const client = new Client()
  // One that comes after the first is told by the channels, if at all; without a listener it would end the process.
  client.on("error", () => {})
  const seen = { hostKey: "" }
  const stream = sock ?? socketTo(server)
  try {
    await becomeReady(client, server, { ...options, sock: stream }, seen)
    // One for each channel.
    client.setMaxListeners(0)
  } catch (error) {
    stream.destroy()
    throw error
  }
  const hangUp = () => {
    client.end()
    if (stream.destroyed) return
    const cancel = clock.timer(HANG_UP_MS, () => stream.destroy())
    stream.once("close", cancel)
  }
  return { client, hostKey: seen.hostKey, hangUp }
}

/** Loaded here: a cluster that nobody reaches needs no sockets. */
function socketTo({ host, port }: Server): Duplex {
  const { connect: open } = createRequire(import.meta.url)("node:net") as typeof Net
  return open({ host, port })
}

async function becomeReady(client: Client, server: Server, options: ConnectOptions, seen: { hostKey: string }) {
  const { clock, signal, sock, timeoutMs = READY_MS } = options
  const cancels: (() => void)[] = []
  const hostVerifier = (key: Buffer) => {
    seen.hostKey = key.toString("base64")
    return !isWrong(server, seen.hostKey)
  }
  try {
    await new Promise<void>((resolve, reject) => {
      cancels.push(onAbort(signal, () => reject(signal?.reason as Error)))
      cancels.push(clock.timer(timeoutMs, () => reject(lateError(server, timeoutMs))))
      const fail = (error: ClientError) =>
        reject(isWrong(server, seen.hostKey) ? hostKeyError(server, seen.hostKey) : connectError(server, error))
      client.once("ready", resolve).once("error", fail)
      client.once("close", () => fail(new Error("the connection was closed")))
      client.connect({ ...configOf(server), ...(sock === undefined ? {} : { sock }), hostVerifier })
    })
  } finally {
    for (const cancel of cancels) cancel()
  }
}

function configOf({ host, port, user, privateKey, agent }: Server): ConnectConfig {
  return {
    ...{ host, port, username: user },
    ...(privateKey === undefined ? {} : { privateKey }),
    ...(agent === undefined ? {} : { agent }),
    // Nothing is asked for without a key: that is a round trip for each connection, which servers refuse.
    authHandler: [
      ...(privateKey === undefined ? [] : (["publickey"] as const)),
      ...(agent === undefined ? [] : (["agent"] as const)),
    ],
    algorithms: { kex: { append: [], prepend: [...KEX], remove: [] } },
    keepaliveInterval: ALIVE_EVERY_MS,
    keepaliveCountMax: MOST_UNANSWERED,
    // Ours counts by the clock that the rest counts by.
    readyTimeout: 0,
  }
}

/** What ssh2 throws: `level` says where it went wrong. */
type ClientError = Error & { readonly level?: string }

const ADVICE = "see whether its sshd runs and whether a firewall is between"

function lateError({ name, host, port }: Server, timeoutMs: number): TimeoutError {
  const message = `${name}: ${host}:${port} did not let us in within ${timeoutMs / 1000} s; ${ADVICE}`
  return new TimeoutError(message, { code: "ConnectTimeout" })
}

/** A key was shown, and it is another one than the worker has. */
function isWrong({ hostKeys }: Server, shown: string): boolean {
  return shown !== "" && hostKeys !== undefined && !hostKeys.includes(shown)
}

function hostKeyError(server: Server, shownBlob: string): HostKeyError {
  const known = (server.hostKeys ?? []).map(fingerprint)
  const shown = fingerprint(shownBlob)
  const message = `${server.name}: the server at ${server.host}:${server.port} showed the host key ${shown}, and the worker's is ${known.join(" or ")}: somebody may be in between, or sshd was installed anew; nothing was sent. If you know why, replace the worker`
  return new HostKeyError(message, { known, shown })
}

function connectError(server: Server, cause: ClientError): Error {
  const at = `${server.name}: ${server.user}@${server.host}:${server.port}`
  if (cause.level === "client-authentication") {
    return new AuthError(
      `${at}: the server does not take our key; the worker may be of a cluster made with another key: give keyFile, or an agent that has it`,
      { cause },
    )
  }
  const advice = cause.level === "client-socket" ? `; ${ADVICE}` : ""
  return new TransientError(`${at}: ${cause.message}${advice}`, { cause })
}
