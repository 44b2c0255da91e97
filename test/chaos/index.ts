/**
 * `npm run chaos -- [--provider aws|azure|gcp|local] [--kills n] [--seed n] [--target n] [--no-journal]`: kills owners at
 * seeded points and says what became of what they had. All providers when none is named. Ends with 1 when a kill did harm.
 */
import { parseArgs } from "node:util"
import { isUnharmed, type KillRow, killRepeatedly } from "./kill.js"
import { CLOUDS, type CloudName } from "./places.js"
import { sumsOf, summaryOf } from "./report.js"
import { sceneAt } from "./scene.js"

const DEFAULTS = { kills: 50, seed: 1, target: 5 } as const

interface Arguments {
  readonly clouds: readonly CloudName[]
  readonly kills: number
  readonly seed: number
  readonly target: number
  readonly journal: boolean
}

function readArguments(): Arguments {
  const options = {
    provider: { type: "string" },
    kills: { type: "string" },
    seed: { type: "string" },
    target: { type: "string" },
    "no-journal": { type: "boolean" },
  } as const
  const { values } = parseArgs({ options })
  return {
    clouds: values.provider === undefined ? CLOUDS : [cloudNamed(values.provider)],
    kills: numberOf("kills", values.kills, 1),
    seed: numberOf("seed", values.seed, 0),
    target: numberOf("target", values.target, 1),
    journal: values["no-journal"] !== true,
  }
}

function cloudNamed(name: string): CloudName {
  const known = CLOUDS.find((cloud) => cloud === name)
  if (known === undefined) throw new Error(`--provider: is "${name}"; use one of ${CLOUDS.join(", ")}`)
  return known
}

function numberOf(option: keyof typeof DEFAULTS, text: string | undefined, least: number): number {
  const value = text === undefined ? DEFAULTS[option] : Number(text)
  if (text === "" || !Number.isSafeInteger(value) || value < least)
    throw new Error(`--${option}: is "${text ?? ""}"; use a whole number from ${least} on`)
  return value
}

async function killAll(cloud: CloudName, given: Arguments): Promise<boolean> {
  const { kills, seed, target } = given
  const scene = await sceneAt(cloud)
  const rows: KillRow[] = []
  const say = (row: KillRow) => {
    rows.push(row)
    const harmed = rows.filter((one) => !isUnharmed(one, target)).length
    process.stderr.write(`\r${cloud}: ${rows.length} of ${kills} kills, ${harmed} did harm `)
  }
  try {
    const journal = given.journal && scene.journal
    await killRepeatedly({ ...scene.options, kills, seed, target, journal, onRow: say })
  } finally {
    process.stderr.write("\n")
    await scene.end()
    const kind = given.journal ? "" : ", tags alone"
    if (rows.length > 0)
      console.log(
        [`${cloud}${kind}, seed ${seed}: ${sumsOf(rows, target, given.journal)}`, ...summaryOf(rows, target)].join(
          "\n",
        ),
      )
  }
  return rows.every((row) => isUnharmed(row, target))
}

async function run(): Promise<void> {
  const given = readArguments()
  for (const cloud of given.clouds) if (!(await killAll(cloud, given))) process.exitCode = 1
}

await run().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
})
