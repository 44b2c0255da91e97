/**
 * The demo: `npm run demo`, or `npm run demo -- --workers 8 --burst 50 --width 768`. Progress goes to stderr, results to
 * stdout.
 */
import { parseArgs } from "node:util"
import { LeakError } from "muster-vms"
import { ec2 } from "./ec2.js"
import { hundred } from "./hundred.js"
import { render } from "./render.js"
import { type Act, type DemoOptions, openStage } from "./stage.js"

const ACTS: readonly Act[] = [render, hundred, ec2]

function optionsOf(args: readonly string[]): DemoOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      workers: { type: "string", default: "24" },
      burst: { type: "string", default: "100" },
      width: { type: "string", default: "1536" },
    },
  })
  const number = (name: keyof typeof values, most: number) => {
    const value = Number(values[name])
    if (Number.isInteger(value) && value >= 1 && value <= most) return value
    throw new Error(`--${name} is ${values[name]}; use a whole number from 1 to ${most}`)
  }
  return { workers: number("workers", 256), burst: number("burst", 256), width: number("width", 8192) }
}

async function run(options: DemoOptions): Promise<number> {
  const stage = await openStage(options)
  let isClean = true
  try {
    for (const act of ACTS) process.stdout.write(`${(await act(stage)).join("\n")}\n\n`)
  } catch (error) {
    isClean = !(error instanceof LeakError)
    if (!isClean || !stage.signal.aborted) throw error
  } finally {
    await stage.close(isClean)
  }
  if (stage.signal.aborted) process.stderr.write("ended in order: every worker is confirmed gone\n")
  return stage.exitCode
}

try {
  process.exitCode = await run(optionsOf(process.argv.slice(2)))
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
