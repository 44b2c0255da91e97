/** Programs of this machine where the process has no file left to open: an error of the call, and no uncaught one. */
import { EventEmitter } from "node:events"
import { expect, test, vi } from "vitest"
import { systemClock } from "../../../src/calls/clock.js"
import type { DaskConfig } from "../../../src/engines/dask/config.js"
import { clientVersions } from "../../../src/engines/dask/versions.js"
import { localRemote } from "../../../src/remote/local.js"
import { connect } from "../../../src/remote/ssh/connect.js"
import { makeKeyPair } from "../../../src/remote/ssh/keys.js"
import { throughCommand } from "../../../src/remote/ssh/via.js"

/** As Node returns it then: without pipes, and with an error to come. */
vi.mock("node:child_process", async (original) => {
  const real = await original<typeof import("node:child_process")>()
  const spawn = (program: string) => {
    const child = new EventEmitter()
    process.nextTick(() => child.emit("error", new Error(`spawn ${program} EMFILE`)))
    return Object.assign(child, { kill: () => false })
  }
  return { ...real, spawn }
})

test("a proxy command", async () => {
  const server = { name: "w-1", host: "h", port: 22, user: "u", privateKey: makeKeyPair("own").privateFile }
  const connecting = connect(server, { clock: systemClock, sock: throughCommand("nc %h %p", server) })
  await expect(connecting).rejects.toThrow(/^w-1: u@h:22: spawn \/bin\/sh EMFILE/)
})

test("the Python of a client of Dask's", async () => {
  const { signal } = new AbortController()
  const asking = clientVersions({ client: "python3.99" } as DaskConfig, signal)
  await expect(asking).rejects.toThrow(/cannot be asked for its versions: spawn python3\.99 EMFILE/)
  expect(await clientVersions({ client: "python3" } as DaskConfig, signal)).toBeUndefined()
})

test("a command of a worker of this machine", async () => {
  const here = localRemote({ words: [], address: "127.0.0.1" }, systemClock)
  await expect(here.spawn("true")).rejects.toThrow("starting /bin/sh: spawn /bin/sh EMFILE")
})
