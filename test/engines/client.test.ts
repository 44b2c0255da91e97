/** `cluster.client()`: the toy engine on this machine, used by programs of this machine. */
import { mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { once } from "node:events"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, test } from "vitest"
import { local } from "../../providers/local/index.js"
import { Cluster } from "../../src/cluster.js"
import { CommandError, RejectedError, SpecError } from "../../src/errors.js"
import { runLines, toyEngine } from "../../examples/support/toy-engine.js"

let root = ""
let cluster: Cluster
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "muster-client-"))
})
afterEach(async () => {
  await cluster.close()
  rmSync(root, { recursive: true, force: true })
})

const begin = (more: object = {}) =>
  new Cluster({ provider: local({ root }), ...more }, { journal: join(root, "journal") })

test("programs of this machine use the head by ports that stay, until the client is closed", async () => {
  cluster = begin({ engine: toyEngine() })
  await expect(cluster.client()).rejects.toThrow(RejectedError)
  // It need not be waited for: the client comes with the head.
  const scaled = cluster.scale(2)
  const client = await cluster.client()
  await scaled
  expect(await runLines(client, ["echo $MUSTER_GROUP", "exit 1"])).toEqual(["default\n", ""])

  const written: string[] = []
  const told = { onOutput: (_: string, text: string) => written.push(text), environment: { MORE: "and this" } }
  expect(await client.run(["sh", "-c", 'echo "$TOY_ADDRESS $MORE"'], told)).toEqual({ exitCode: 0 })
  expect(written.join("")).toBe(`${client.address} and this\n`)
  await expect(client.run("echo words >&2; exit 3", { onOutput: () => {} })).rejects.toThrow(/exit code 3.*\nwords/)
  await expect(client.run("exit 3", { onOutput: () => {} })).rejects.toThrow(CommandError)
  expect(await client.run("exit 3", { check: false, onOutput: () => {} })).toEqual({ exitCode: 3 })
  await expect(client.run(["no-such-program"])).rejects.toMatchObject({ code: "CommandNotStarted" })
  const abort = new AbortController()
  const slow = client.run("sleep 600", { signal: abort.signal, onOutput: () => {} })
  abort.abort(new Error("enough"))
  await expect(slow).rejects.toThrow("enough")

  await client.close()
  await expect(fetch(client.address)).rejects.toThrow()
  expect(() => client.run("true")).toThrow("closed")
})

test("a port that is taken, an option that is wrong, and a cluster without an engine are said", async () => {
  cluster = begin({ engine: toyEngine() })
  await cluster.scale(1)
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as { port: number }
  await expect(cluster.client({ ports: { scheduler: port } })).rejects.toMatchObject({ code: "PortInUse" })
  server.close()
  await once(server, "close")
  const client = await cluster.client({ ports: { scheduler: port } })
  expect(client.address).toBe(`http://127.0.0.1:${port}`)
  await expect(cluster.client({ timeout: "soon" as "1s" })).rejects.toThrow(SpecError)
  await cluster.close()
  await expect(fetch(client.address)).rejects.toThrow()
  await expect(cluster.client()).rejects.toThrow(/closed/)

  const plain = begin()
  await plain.scale(1)
  await expect(plain.client()).rejects.toThrow(/cluster.engine: is not given/)
  await plain.close()
})
