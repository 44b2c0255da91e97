/**
 * Access: a command on a hundred workers of which each is an address of a real sshd, and a second one on what is connected then,
 * beside the system's `ssh` that shares its connections, with the same key exchange, in one run.
 */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { noSshd, PORT, type Sshd, startSshd } from "../../remote/support/sshd.js"
import { type Measured, measureSide, type Side } from "../access/errand.js"
import { Measurements } from "../measurements.js"
import type { Row, Suite, SuiteOptions } from "../suite.js"

const WORKERS = 100
const addresses = Array.from({ length: WORKERS }, (_, index) => `127.0.24.${index + 1}`)

/** Of both in one the wall time is what tells: the first is mostly the servers' work, which both sides share the processors with. */
const PARTS = {
  "connect and exec": ({ first }: Measured) => first,
  "a second exec": ({ second }: Measured) => second,
  both: ({ first, second }: Measured) => ({
    wallMs: first.wallMs + second.wallMs,
    cpuMs: first.cpuMs + second.cpuMs,
  }),
} as const
const KINDS = { wallMs: "wall", cpuMs: "CPU" } as const
/** What each ratio may be at most. */
const GOAL = 0.5

export const suite: Suite = {
  title: "access",
  measure: async (options) => {
    if (noSshd !== undefined) throw new Error(`the suite "access" ${noSshd}`)
    const sshd = await startSshd(addresses, PORT, ["MaxStartups 200"])
    try {
      return await measureBoth(sshd, options)
    } finally {
      await sshd.stop()
    }
  },
}

async function measureBoth(sshd: Sshd, { runs, say }: SuiteOptions): Promise<readonly Row[]> {
  const { port, user, hostKey, directory, privateKey } = sshd
  const keyFile = join(directory, "id")
  writeFileSync(keyFile, privateKey, { mode: 0o600 })
  const errand = { addresses, port, user, keyFile, hostKey }
  const [times, ratios] = [new Measurements(), new Measurements()]
  say(`${WORKERS} workers, ${runs} times by each side`)
  for (let run = 0; run < runs; run += 1) {
    const sides: Record<Side, Measured> = {
      muster: await measureSide("muster", errand),
      system: await measureSide("system", errand),
    }
    for (const [what, of] of Object.entries(PARTS)) {
      const [own, others] = [of(sides.muster), of(sides.system)]
      for (const [kind, name] of Object.entries(KINDS) as [keyof typeof KINDS, string][]) {
        times.add(`${what}, ${name}: muster`, own[kind])
        times.add(`${what}, ${name}: system`, others[kind])
        ratios.add(`${what}, ${name}: muster to system`, own[kind] / others[kind])
      }
    }
  }
  return [...times.rows("ms", () => undefined), ...ratios.rows("ratio", () => `${GOAL} at most`)]
}
