/** A port of this machine whose connections are carried elsewhere. */
import { once } from "node:events"
import { connect } from "node:net"
import { PassThrough } from "node:stream"
import { expect, test } from "vitest"
import { listen, type Way } from "../../src/remote/listen.js"

async function goneFrom(port: number): Promise<void> {
  const socket = connect(port, "127.0.0.1").on("error", () => {})
  await once(socket, "close")
}

test("where there is no way now a connection is closed, and the next one tries again", async () => {
  let tries = 0
  const forward = await listen(() => {
    tries += 1
    if (tries === 1) throw new Error("there is no head now")
    return Promise.reject(new Error("nobody listens"))
  })
  await goneFrom(forward.port)
  await goneFrom(forward.port)
  expect(tries).toBe(2)
  await forward.close()
})

test("a way that comes once its connection is closed is closed as well", async () => {
  let come = (_: Way) => {}
  const asked = new Promise<void>((resolve) => {
    void listen(() => {
      resolve()
      return new Promise<Way>((given) => (come = given))
    }).then(async (forward) => {
      const socket = connect(forward.port, "127.0.0.1").on("error", () => {})
      await asked
      await forward.close()
      if (!socket.destroyed) await once(socket, "close")
      const way = new PassThrough()
      come(way)
      await once(way, "close")
      closed()
    })
  })
  let closed = () => {}
  await new Promise<void>((resolve) => (closed = resolve))
})
