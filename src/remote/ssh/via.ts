/** Via: the stream that leads to a server which has no address of its own for us. */
import { type ChildProcess, spawn } from "node:child_process"
import { Duplex } from "node:stream"
import { TransientError } from "../../errors.js"
import type { Connection, Server } from "./connect.js"

/**
 * Through the server at the other end of a connection (`direct-tcpip`, RFC 4254, 7.2), which counts no such channel as a session.
 *
 * @throws TransientError when that server does not get there.
 */
export function throughConnection(
  { client }: Connection,
  to: { readonly name: string; readonly host: string; readonly port: number },
): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const lost = () => reject(new TransientError(`${to.name}: the connection to the jump host was lost`))
    client.once("close", lost)
    client.forwardOut("127.0.0.1", 0, to.host, to.port, (error, channel) => {
      client.off("close", lost)
      if (error === undefined || error === null) resolve(channel)
      else
        reject(
          new TransientError(`${to.name}: the jump host does not get to ${to.host}:${to.port}: ${error.message}`, {
            cause: error,
          }),
        )
    })
  })
}

/** As much of a failed command's words as one wants to read. */
const LAST_CHARACTERS = 2000

/** The command with what stands for the server put in. */
export function commandText(command: string, to: Pick<Server, "host" | "port" | "user">): string {
  const words: Readonly<Record<string, string>> = { h: to.host, p: String(to.port), r: to.user, "%": "%" }
  return command.replace(/%([hpr%])/g, (_, letter: string) => words[letter] ?? "")
}

/**
 * Through the standard input and output of a command ("ProxyCommand", ssh_config), which a shell runs. `%h`, `%p` and `%r` stand for host, port
 * and user, `%%` for a percent sign.
 */
export function throughCommand(
  command: string,
  to: { readonly name: string; readonly host: string; readonly port: number; readonly user: string },
): Duplex {
  const words = ["-c", `exec ${commandText(command, to)}`]
  // There are no pipes where this process has no file left to open: an error follows then.
  const child: ChildProcess = spawn("/bin/sh", words, { stdio: ["pipe", "pipe", "pipe"] })
  const { stdin, stdout, stderr } = child
  let said = ""
  stderr?.on("data", (bytes: Buffer) => {
    said = (said + bytes.toString()).slice(-LAST_CHARACTERS)
  })
  const stream = new Duplex({
    read: () => void stdout?.resume(),
    // How the command ended is what counts: that its input closes may come before.
    write: (bytes: Buffer, _, done) => void stdin?.write(bytes, () => done()),
    final: (done) => void stdin?.end(() => done()),
  })
  stdin?.on("error", () => {})
  // Who connects through it may still wait for its turn, and finds it closed then.
  stream.on("error", () => {})
  stdout?.on("data", (bytes: Buffer) => {
    if (!stream.push(bytes)) stdout.pause()
  })
  child.once("error", (error) => stream.destroy(error))
  child.once("close", (code, signal) => {
    const how = signal === null ? `exit code ${code}` : `signal ${signal}`
    const tail = said.trim() === "" ? "" : `: ${said.trim()}`
    if (code === 0) stream.push(null)
    else stream.destroy(new Error(`the proxy command ended with ${how}${tail}`))
  })
  stream.once("close", () => child.kill())
  return stream
}
