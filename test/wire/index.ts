/**
 * `npm run wire -- aws|gcp|azure [--port n] [--speed n] [--seed n] [--scenario name]`: a cloud's double on a port, for trying
 * things by hand. It prints what to export and programs to paste; Ctrl-C ends it, and all that is in it.
 *
 * `npm run wire -- aws|gcp|azure --replay FILE [--port n]`: a recording in its place, which is a report of `muster doctor --live`.
 */
import { parseArgs } from "node:util"
import { type ScenarioName, scenarios } from "../../src/simulator/index.js"
import { type WiredCloud, WIRES } from "../chaos/wires.js"
import { handoutOf, textOf } from "./handout.js"
import { loginFor } from "./login.js"
import { type GivenOfDoubles, replayed } from "./replayed.js"

/** Boots are seconds then, and an SDK's own request still has time enough. */
const SPEED = "20"

function numberOf(option: string, text: string, least: number): number {
  const value = Number(text)
  if (text === "" || !Number.isSafeInteger(value) || value < least)
    throw new Error(`--${option}: is "${text}"; use a whole number from ${least} on`)
  return value
}

function oneOf<T extends string>(what: string, name: string | undefined, known: readonly T[]): T {
  const found = known.find((one) => one === name)
  if (found === undefined) throw new Error(`${what}: is "${name ?? ""}"; use one of ${known.join(", ")}`)
  return found
}

async function run(): Promise<void> {
  const options = {
    port: { type: "string", default: "0" },
    speed: { type: "string" },
    seed: { type: "string" },
    scenario: { type: "string" },
    replay: { type: "string" },
  } as const
  const { values, positionals } = parseArgs({ options, allowPositionals: true })
  const cloud = oneOf("the cloud", positionals[0], Object.keys(WIRES) as WiredCloud[])
  const { replay, port: givenPort, ...given } = values
  const port = numberOf("port", givenPort, 0)
  if (replay === undefined) return runDouble(cloud, { ...given, port })
  const { text, told, close } = await replayed(cloud, replay, { ...given, port })
  console.log(text)
  onSignal(async () => {
    console.log(`\n${told()}`)
    await close()
  })
}

async function runDouble(cloud: WiredCloud, given: GivenOfDoubles & { readonly port: number }): Promise<void> {
  const scenario = oneOf("--scenario", given.scenario ?? "calm-day", Object.keys(scenarios) as ScenarioName[])
  const speed = numberOf("speed", given.speed ?? SPEED, 1)
  const wire = await WIRES[cloud]({
    port: given.port,
    seed: numberOf("seed", given.seed ?? "1", 0),
    ...(speed === 1 ? {} : { speed }),
    ...(scenario === "calm-day" ? {} : { scenario }),
  })
  const login = await loginFor(cloud, wire.place.options)
  const pace = speed === 1 ? "as fast as the cloud" : `${speed} times as fast as the cloud`
  console.log(`A double of ${cloud}, ${pace}, on a ${scenario}. Ctrl-C ends it, and all that is in it.\n`)
  console.log(textOf(handoutOf(cloud, wire, login)))
  onSignal(() => Promise.all([wire.close(), login.close()]))
}

/** On the first signal. */
function onSignal(end: () => Promise<unknown>): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => void end().then(() => process.exit(0)))
}

await run().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
})
