/** The command line in this process: a simulated cloud stands for AWS in eu-west-2, and state is in a directory of the test's own. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach } from "vitest"
import { run } from "../../src/cli/run.js"
import type { Surroundings } from "../../src/cli/surroundings.js"
import { RejectedError } from "../../src/errors.js"
import type { Cluster } from "../../src/cluster.js"
import type { ClusterSpec } from "../../src/spec.js"
import { rig, type Rig } from "../cluster/support.js"

export interface Outcome {
  readonly code: number
  readonly out: string
  readonly said: string
}

export interface Desk extends Rig {
  /** Of this test's own. */
  readonly directory: string
  readonly journal: string
  /** Runs words, or a line of them. */
  muster(line: string | readonly string[], more?: Partial<Surroundings>): Promise<Outcome>
  /** A cluster of another process that has let go of it. */
  abandon(name: string, count: number, spec?: Partial<ClusterSpec>): Promise<Cluster>
}

/** As flags, for command lines that name the place. */
export const AT = "--provider aws --region eu-west-2"

const made: string[] = []

afterEach(() => {
  for (const directory of made.splice(0)) rmSync(directory, { recursive: true, force: true })
})

export function desk(options: Parameters<typeof rig>[0] = {}): Desk {
  const cloud = rig(options)
  const { clock, provider } = cloud
  const directory = mkdtempSync(join(tmpdir(), "muster-desk-"))
  made.push(directory)
  const state = join(directory, "state")
  const journal = join(state, "muster", "journal")
  const muster = async (line: string | readonly string[], more: Partial<Surroundings> = {}) => {
    let [out, said] = ["", ""]
    const words = typeof line === "string" ? line.split(" ").filter(Boolean) : line
    const surroundings: Surroundings = {
      version: "1.2.3",
      clock,
      load: (name, region, given) => {
        const isKnown = name === "aws" && region === "eu-west-2"
        if (!isKnown) throw new RejectedError(`no ${name} in ${region} with ${JSON.stringify(given)}`)
        return Promise.resolve(provider)
      },
      out: (text) => {
        out += text
      },
      say: (text) => {
        said += text
      },
      ask: undefined,
      directory,
      ...more,
      env: { XDG_STATE_HOME: state, MUSTER_JOURNAL: journal, ...more.env },
    }
    const code = await clock.run(run(words, surroundings))
    return { code, out, said }
  }
  const abandon = async (name: string, count: number, spec: Partial<ClusterSpec> = {}) => {
    const cluster = cloud.cluster({ name, ...spec }, { journal: false })
    await clock.run(cluster.scale(count))
    await clock.run(cluster.detach())
    return cluster
  }
  return { ...cloud, directory, journal, muster, abandon }
}
