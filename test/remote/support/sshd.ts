/** A real sshd (Debian: openssh-server) on addresses of 127.0.0.0/8, with a host key and an authorized key of its own. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { connect } from "node:net"
import { tmpdir, userInfo } from "node:os"
import { join } from "node:path"
import { systemClock } from "../../../src/calls/clock.js"
import { makeKeyPair } from "../../../src/remote/ssh/keys.js"

export const SSHD = "/usr/sbin/sshd"

/** Why tests with a real sshd are skipped; undefined where there is one. */
export const noSshd: string | undefined = existsSync(SSHD)
  ? undefined
  : "needs a real sshd: apt-get install openssh-server"

/** A port for servers of tests: no two processes of this machine have the same. */
export const PORT = 20_000 + (process.pid % 12_000)

export interface Sshd {
  readonly port: number
  readonly directory: string
  readonly privateKey: string
  readonly user: string
  /** The blob of its host key, in base64. */
  readonly hostKey: string
  stop(): Promise<void>
}

/** sshd's own limit of one configuration ("ListenAddress", sshd_config: MAX_LISTEN_SOCKS). */
const ADDRESSES_EACH = 16

/**
 * @param addresses each server listens on at most 16. @param settings more lines of the configuration.
 */
export async function startSshd(
  addresses: readonly string[],
  port: number,
  settings: readonly string[] = [],
): Promise<Sshd> {
  const directory = mkdtempSync(join(tmpdir(), "muster-sshd-"))
  const own = makeKeyPair("muster-test")
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(directory, "host")])
  writeFileSync(join(directory, "authorized"), `${own.publicLine}\n`, { mode: 0o600 })
  if (!existsSync("/run/sshd")) execFileSync("mkdir", ["-p", "/run/sshd"])
  const servers: ChildProcess[] = []
  for (let at = 0; at < addresses.length; at += ADDRESSES_EACH) {
    const part = addresses.slice(at, at + ADDRESSES_EACH)
    const file = join(directory, `config-${at}`)
    const lines = [
      ...part.map((address) => `ListenAddress ${address}:${port}`),
      `HostKey ${join(directory, "host")}`,
      `AuthorizedKeysFile ${join(directory, "authorized")}`,
      `PidFile ${join(directory, `pid-${at}`)}`,
      ...["StrictModes no", "UsePAM no", "PasswordAuthentication no", "PermitRootLogin yes", "UseDNS no"],
      // What the user's shell reads at its start takes its time, and says what it likes.
      ...["LogLevel ERROR", `SetEnv HOME=${directory}`, ...settings],
    ]
    writeFileSync(file, `${lines.join("\n")}\n`)
    servers.push(spawn(SSHD, ["-D", "-e", "-f", file], { stdio: "ignore" }))
  }
  await Promise.all(addresses.map((address) => listening(address, port)))
  const stop = async () => {
    await Promise.all(
      servers.map((server) => new Promise<void>((resolve) => server.once("exit", () => resolve()).kill("SIGTERM"))),
    )
    rmSync(directory, { recursive: true, force: true })
  }
  const hostKey = readFileSync(join(directory, "host.pub"), "utf8").split(" ")[1] ?? ""
  return { port, directory, privateKey: own.privateFile, user: userInfo().username, hostKey, stop }
}

/** Resolves once something listens there. @param ended rejects where it never will. */
export async function listening(
  host: string,
  port: number,
  ended: Promise<never> = new Promise(() => {}),
): Promise<void> {
  const tryOnce = () =>
    new Promise<boolean>((resolve) => {
      const socket = connect({ host, port }, () => resolve(true)).once("error", () => resolve(false))
      socket.once("connect", () => socket.destroy())
    })
  while (!(await Promise.race([tryOnce(), ended]))) await systemClock.sleep(5)
}
