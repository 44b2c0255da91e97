/** The command line in this process, on a provider that a test has made. */
import type { Clock } from "../../src/calls/clock.js"
import { run } from "../../src/cli/run.js"
import type { Provider } from "../../src/provider.js"

export interface Ran {
  readonly code: number
  readonly out: string
  readonly said: string
}

/** @param line what follows "muster", without the flags that say where. */
export async function muster(clock: Clock, provider: Provider, line: string): Promise<Ran> {
  let [out, said] = ["", ""]
  const code = await run([...line.split(" "), "--provider", provider.name, "--region", provider.region], {
    env: {},
    version: "1.2.3",
    clock,
    load: () => Promise.resolve(provider),
    out: (text) => {
      out += text
    },
    say: (text) => {
      said += text
    },
    ask: undefined,
  })
  return { code, out, said }
}
