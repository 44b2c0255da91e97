/** Commands whose text is longer than Linux takes as one argument (128 KiB). */
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { systemClock } from "../../src/calls/clock.js"
import { SpecError } from "../../src/errors.js"
import { localRemote } from "../../src/remote/local.js"
import { runCommand } from "../../src/remote/output.js"
import type { Command, Remote, SpawnOptions } from "../../src/remote/remote.js"
import { withEnvironment } from "../../src/remote/sent/place.js"
import { Connections } from "../../src/remote/ssh/connections.js"
import { sshRemote } from "../../src/remote/ssh/remote.js"
import { isLong } from "../support/long.js"
import { noSshd, PORT, type Sshd, startSshd } from "./support/sshd.js"

/** Far from any limit where there is time for it: a shell reads a text byte by byte. */
const [BYTES, WORDS] = isLong ? [4_000_000, 40] : [140_000, 4]

/** Some of a script's lines, and so many bytes of a comment and of a word. */
const longText = (bytes: number) => `# ${"ü".repeat(bytes / 4)}
X='${"it is \\ \\$(id) ".repeat(bytes / 32)}'
echo "\${#X} $Y $0 $(pwd)"
cat
echo err >&2
exit 3`

const HOSTILE = `a 'quote' "$(id)" \\ \n ünï $X`

function promises(reach: () => Remote): void {
  const run = (command: Command, options: SpawnOptions = {}) =>
    runCommand(reach(), command, { worker: "w" }, { ...options, check: false })

  test("a long text has its input, variables, directory and exit code", async () => {
    const options = { stdin: "in", environment: { Y: HOSTILE }, cwd: "/usr" }
    const ran = await run(longText(BYTES), options)
    const length = 15 * Math.floor(BYTES / 32)
    expect(ran.stderr).toBe("err\n")
    expect(ran).toMatchObject({ exitCode: 3, stdout: `${length} ${HOSTILE} /bin/sh /usr\nin` })
  })

  test("many words are more than one argument may hold, together", async () => {
    const words = Array.from({ length: WORDS }, (_, index) => `${index % 10}'`.repeat(20_000))
    const ran = await run(["/bin/sh", "-c", 'printf %s "$#$1"; cat', "sh", ...words], { stdin: "in" })
    expect(ran.stdout).toBe(`${WORDS}${words[0]}in`)
  })

  test("what no machine takes is refused before anything runs", async () => {
    const refused = async (command: Command, options: SpawnOptions = {}) => {
      const error = await run(command, options).catch((one: unknown) => one)
      expect(error).toBeInstanceOf(SpecError)
      return (error as Error).message
    }
    expect(await refused(["echo", "x".repeat(131_072)])).toMatch(
      /^command: its word 2 has 131,072 bytes; Linux takes at most 131,071 in one word; .*: a text for sh may have 16 MiB/,
    )
    expect(await refused(["echo", ...Array.from({ length: 20 }, () => "x".repeat(110_000))])).toMatch(
      /^command: its words .* have 2,2\d\d,\d\d\d bytes together; .* at most 1,966,080/,
    )
    expect(await refused("x".repeat(16 * 1024 * 1024 + 1))).toMatch(
      /^command: has 16,777,217 bytes; at most 16,777,216/,
    )
    expect(await refused("true", { environment: { A: "secret".repeat(30_000) } })).toMatch(
      /^environment\.A: has 180,002 bytes with its name; Linux takes at most 131,071/,
    )
  })
}

describe("on this machine", () => {
  const remote = localRemote({ words: ["/usr/bin/env"], address: "127.0.0.1" }, systemClock)
  promises(() => remote)

  test("a text that fits is an argument of the shell, as it always was", async () => {
    const text = `tr "\\0" " " </proc/$$/cmdline; : ${"x".repeat(100_000)}`
    const ran = await runCommand(remote, text, { worker: "w" })
    expect(ran.stdout).toBe(`/bin/sh -c ${text} `)
  })
})

describe.skipIf(noSshd !== undefined)(`over ssh${noSshd === undefined ? "" : ` (${noSshd})`}`, () => {
  let sshd: Sshd
  let remote: Remote
  const connections = new Connections({ workers: () => 1 })
  beforeAll(async () => {
    const host = "127.0.23.1"
    sshd = await startSshd([host], PORT)
    const { user, privateKey, hostKey } = sshd
    const server = { name: host, host, port: PORT, user, privateKey, hostKeys: [hostKey] }
    remote = withEnvironment(sshRemote({ id: host, way: { kind: "direct" }, server }, connections, systemClock))
  })
  afterAll(async () => {
    connections.close()
    await sshd.stop()
  })
  promises(() => remote)
})
