/** Programs on workers outlive the calls that use them, and keep nothing of these. */
import { PassThrough } from "node:stream"
import { expect, test } from "vitest"
import { VirtualClock } from "../../src/calls/clock.js"
import type { RemoteProcess } from "../../src/remote/remote.js"
import type { Runner } from "../../src/work/farm/runner.js"
import { CommandChannel } from "../../src/work/runners/command-runner.js"
import { Link } from "../../src/work/runners/link.js"
import { ModuleChannel } from "../../src/work/runners/module-runner.js"
import { heldBytes, MEBIBYTE } from "../support/held.js"

type Use = (leave: () => Promise<void>) => Runner

const KINDS: Readonly<Record<string, (link: Link) => Use>> = {
  commands: (link) => {
    const channel = new CommandChannel(link)
    return (leave) => channel.runner({ task: { command: "true" }, slots: 1, hasOutputs: false }, leave)
  },
  modules: (link) => {
    const channel = new ModuleChannel(link)
    const use = { module: { digest: "1", code: "" }, name: "f", slots: 1, hasOutputs: false } as const
    return (leave) => channel.runner({ ...use, taskTimeoutMs: undefined, onLog: undefined }, leave)
  },
}

function linkOf(clock: VirtualClock): { readonly link: Link; readonly lose: (error: Error) => void } {
  let lose: (error: Error) => void = () => {}
  const ended = new Promise<never>((_resolve, reject) => (lose = reject))
  const process: RemoteProcess = {
    ...{ stdin: new PassThrough().resume(), stdout: new PassThrough(), stderr: new PassThrough() },
    ...{ ended, kill: () => {} },
  }
  return { link: new Link({ process, clock, beat: "", end: "", read: () => {} }), lose }
}

test.each(Object.entries(KINDS))(
  "that of %s: a call that has left leaves nothing, others hear its end",
  async (_kind, of) => {
    const clock = new VirtualClock()
    const { link, lose } = linkOf(clock)
    const use = of(link)
    let left = 0
    const leave = () => {
      left += 1
      return Promise.resolve()
    }
    const before = heldBytes()
    for (let call = 0; call < 64; call += 1) {
      const results = Buffer.alloc(MEBIBYTE / 2)
      const runner = use(leave)
      void runner.gone.then(() => results.length)
      await runner.leave()
    }
    expect(left).toBe(64)
    expect((heldBytes() - before) / MEBIBYTE).toBeLessThan(4)
    const there = use(leave)
    lose(new Error("the connection was lost"))
    expect(await there.gone).toEqual({ why: "the connection was lost" })
    expect(await use(leave).gone).toEqual({ why: "the connection was lost" })
  },
)
