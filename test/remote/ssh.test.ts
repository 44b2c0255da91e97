import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { systemClock } from "../../src/calls/clock.js"
import { CommandError, HostKeyError } from "../../src/errors.js"
import { runCommand } from "../../src/remote/output.js"
import { Connections } from "../../src/remote/ssh/connections.js"
import { makeKeyPair } from "../../src/remote/ssh/keys.js"
import { type SshPlace, sshRemote } from "../../src/remote/ssh/remote.js"
import { isLong } from "../support/long.js"
import { noSshd, PORT, type Sshd, startSshd } from "./support/sshd.js"

/** A hundred where there is time for it. */
const WORKERS = isLong ? 100 : 12
const addresses = Array.from({ length: WORKERS }, (_, index) => `127.0.21.${index + 1}`)

describe.skipIf(noSshd !== undefined)(`a real sshd${noSshd === undefined ? "" : ` (${noSshd})`}`, () => {
  let sshd: Sshd
  let head: Sshd
  const connections = new Connections({ workers: () => addresses.length })

  beforeAll(async () => {
    // Workers have a server each; here one serves several.
    sshd = await startSshd(["127.0.0.1", ...addresses], PORT, ["MaxStartups 200"])
    head = await startSshd(["127.0.22.1"], PORT)
  })
  afterAll(async () => {
    connections.close()
    await Promise.all([sshd.stop(), head.stop()])
  })

  const placeOf = (host: string, more: Partial<SshPlace["server"]> = {}): SshPlace => ({
    id: host,
    way: { kind: "direct" },
    server: {
      ...{ name: host, host, port: PORT, user: sshd.user, privateKey: sshd.privateKey, hostKeys: [sshd.hostKey] },
      ...more,
    },
  })
  const remoteOf = (host: string) => sshRemote(placeOf(host), connections, systemClock)
  const worker = { worker: "w" }

  test("a command's output, code and input", async () => {
    const remote = remoteOf("127.0.21.1")
    const ok = await runCommand(remote, "cat; echo err >&2; exit 3", worker, { stdin: "in", check: false })
    expect(ok).toMatchObject({ stdout: "in", stderr: "err\n", exitCode: 3 })
    await expect(runCommand(remote, "echo why >&2; exit 3", worker)).rejects.toThrow(CommandError)
    const argv = await runCommand(remote, ["printf", "%s|", "a b", "$HOME", "it's", "\n"], worker)
    expect(argv.stdout).toBe("a b|$HOME|it's|\n|")
  })

  test("variables arrive whole, and stand in no argument list", async () => {
    const remote = remoteOf("127.0.21.1")
    const value = `a 'quote' "$(id)" \\ \n ünï $X`
    const seen = await runCommand(
      remote,
      'printf %s "$SECRET"; echo; echo "$m"; tr "\\0" " " </proc/$$/cmdline; tr "\\0" " " </proc/$PPID/cmdline',
      worker,
      { environment: { SECRET: value, m: "mine" } },
    )
    expect(seen.stdout.startsWith(`${value}\nmine\n`)).toBe(true)
    expect(seen.stdout.slice(value.length)).not.toContain("quote")
  })

  test("many workers answer, on one connection each", async () => {
    const answers = await Promise.all(
      addresses.map(async (host) => (await runCommand(remoteOf(host), `echo ${host}`, { worker: host })).stdout.trim()),
    )
    expect(answers).toEqual(addresses)
    expect(connections.size).toBe(WORKERS)
  })

  test("many workers answer through one head, with sshd's own limits", async () => {
    const through = new Connections({ workers: () => WORKERS })
    const { privateKey, hostKey } = head
    const jump = placeOf("127.0.22.1", { privateKey, hostKeys: [hostKey] })
    const answers = await Promise.all(
      addresses.map(async (host) => {
        const place: SshPlace = { ...placeOf(host), id: `by-jump-${host}`, way: { kind: "jump", place: jump } }
        return (
          await runCommand(sshRemote(place, through, systemClock), `echo ${host}`, { worker: host })
        ).stdout.trim()
      }),
    )
    expect(answers).toEqual(addresses)
    through.close()
  })

  test("another host key is refused before anything is sent", async () => {
    const other = makeKeyPair("other").publicLine.split(" ")[1] ?? ""
    const place = placeOf("127.0.21.2", { hostKeys: [other] })
    const own = new Connections({ workers: () => 1 })
    const refused = await runCommand(sshRemote(place, own, systemClock), "true", worker).catch(
      (error: unknown) => error,
    )
    expect(refused).toBeInstanceOf(HostKeyError)
    expect((refused as HostKeyError).known).toHaveLength(1)
    expect((refused as Error).message).toContain("nothing was sent")
  })

  test.skipIf(!isLong)("above 256 workers connections take turns", async () => {
    const few = new Connections({ workers: () => 1000 })
    let most = 0
    await Promise.all(
      addresses.map(async (host) => {
        await runCommand(sshRemote(placeOf(host), few, systemClock), "true", { worker: host })
        most = Math.max(most, few.size)
      }),
    )
    expect(most).toBe(64)
    // What goes on for as long as a worker is used has a connection beside those.
    const lasting = await Promise.all(
      addresses.map((host) => sshRemote(placeOf(host), few, systemClock).spawn("cat", { isLasting: true })),
    )
    expect(few.size).toBeGreaterThanOrEqual(addresses.length)
    await runCommand(sshRemote(placeOf(addresses[0] ?? ""), few, systemClock), "true", worker)
    for (const { stdin } of lasting) stdin.end()
    expect(await Promise.all(lasting.map(async ({ ended }) => (await ended).exitCode))).toEqual(addresses.map(() => 0))
    few.close()
  })

  test("a signal ends a command, and a command is killed when its time is over", async () => {
    const remote = remoteOf("127.0.21.3")
    await expect(runCommand(remote, "sleep 60", worker, { timeoutMs: 200 })).rejects.toThrow("did not end within 0.2 s")
    const abort = new AbortController()
    const running = runCommand(remote, "echo begun; sleep 60", worker, {
      signal: abort.signal,
      onOutput: () => abort.abort(new Error("enough")),
    })
    await expect(running).rejects.toThrow("enough")
  })

  test("a port of a worker on this machine", async () => {
    const remote = remoteOf("127.0.21.4")
    const { port, close } = await remote.forward(PORT)
    const place: SshPlace = { ...placeOf("127.0.0.1"), id: "forwarded" }
    const forwarded = { ...place, server: { ...place.server, port } }
    const answer = await runCommand(sshRemote(forwarded, connections, systemClock), "echo through", worker)
    expect(answer.stdout).toBe("through\n")
    await close()
  })
})
