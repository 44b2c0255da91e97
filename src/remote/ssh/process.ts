/** Process: a command in a channel of a connection. */
import { constants } from "node:os"
import { PassThrough } from "node:stream"
import type { Client, ClientChannel } from "ssh2"
import type { Clock } from "../../calls/clock.js"
import { TransientError } from "../../errors.js"
import { endAfter } from "../ending.js"
import { handOn, Leader, newMark } from "../leader.js"
import type { Ended, RemoteProcess, Signal, SpawnOptions } from "../remote.js"
import type { Travelling } from "../shell.js"

export interface Place {
  readonly client: Client
  /** Of the worker, for errors. */
  readonly name: string
}

/** @throws TransientError when the connection is lost before the command has started. */
export async function startProcess(
  place: Place,
  { text, input }: Travelling,
  options: SpawnOptions,
  clock: Clock,
): Promise<RemoteProcess> {
  const mark = newMark()
  const { channel, over } = await openChannel(place, `echo "${mark}$$" >&2; ${text}`)
  const leader = new Leader(mark)
  let isOver = false
  const kill = (signal: Signal = "SIGTERM") => {
    // Its number may be another's by now.
    if (isOver) return
    void leader.pid.then((pid) => strike(place.client, pid, signal))
    if (signal === "SIGKILL") channel.close()
  }
  const closed = over.finally(() => {
    isOver = true
  })
  const ended = endAfter(closed, { kill, options, clock, feeding: { stdin: channel, before: input } })
  const stdout = handOn(channel, new PassThrough())
  const stderr = handOn(channel.stderr, leader)
  return { stdin: channel, stdout, stderr, ended, kill }
}

/**
 * sshd refuses signals to what root runs ("session signalling requires privilege separation", session.c), so another command sends
 * them. What sshd starts leads a session, so its number is its group's too.
 */
function strike(client: Client, pid: string, signal: Signal): void {
  try {
    client.exec(strikeText(pid, signal), (_, channel?: ClientChannel) => {
      channel?.on("error", () => {}).resume()
    })
  } catch {
    // The connection has just gone, and nobody can be told.
  }
}

/** In the one form that every login shell takes: dash reads the number of a group for an option unless "--" stands before it. */
export function strikeText(pid: string, signal: Signal): string {
  return `kill -s ${signal.slice("SIG".length)} -- -${pid}`
}

interface Opened {
  readonly channel: ClientChannel
  readonly over: Promise<Ended>
}

/** Its end is listened for at once: that of a short command arrives together with its start. */
function openChannel(place: Place, text: string): Promise<Opened> {
  const { client, name } = place
  return new Promise((resolve, reject) => {
    const lost = () => reject(new TransientError(`${name}: the connection was lost before the command began`))
    client.once("close", lost)
    client.exec(text, (error, channel) => {
      client.off("close", lost)
      if (error === undefined || error === null) {
        const over = endOf(place, channel)
        over.catch(() => {})
        resolve({ channel, over })
      } else reject(new TransientError(`${name}: the server does not run commands: ${error.message}`, { cause: error }))
    })
  })
}

function endOf({ client, name }: Place, channel: ClientChannel): Promise<Ended> {
  return new Promise((resolve, reject) => {
    let ended: Ended | undefined
    const lost = () =>
      reject(
        new TransientError(`${name}: the connection was lost while the command ran; whether it goes on is unknown`),
      )
    client.once("close", lost)
    channel.once("exit", (code: number | null, signal?: string) => {
      const sent = signal as NodeJS.Signals | undefined
      ended =
        sent === undefined ? { exitCode: code ?? 0 } : { exitCode: 128 + (constants.signals[sent] ?? 0), signal: sent }
    })
    channel.once("close", () => {
      client.off("close", lost)
      if (ended === undefined) lost()
      else resolve(ended)
    })
  })
}
