import { checkInstanceIds, checkKnown } from "../client/ids.js"
import { Refusal } from "../client/refusals.js"
import { isoTime } from "../client/time.js"
import { type Action, checkDryRun } from "../client/action.js"
import type { World, WorldInstance } from "../../../../src/simulator/index.js"

/** "Only the most recent 64 KB of console output is available." */
const CONSOLE_BYTES = 65_536

/**
 * "By default, the console output returns buffered information that was posted shortly after an instance transition state",
 * here: what the kernel writes, and once the instance has left all that was written. Latest is all that there is by now.
 * What was posted "is available for at least one hour after the most recent post" (GetConsoleOutput, EC2 API Reference).
 */
export const getConsoleOutput: Action = {
  members: { "InstanceId!": "string", Latest: "boolean", DryRun: "boolean" },
  cost: () => ({ GetConsoleOutput: 1 }),
  answer(world, values) {
    const id = String(values.InstanceId)
    checkInstanceIds([id])
    const instance = world.instance(id)
    checkKnown([id], () => instance !== undefined && isKept(world, instance))
    checkDryRun(values)
    if (values.Latest === true && !isNitro(instance?.instanceType ?? "")) {
      throw new Refusal(
        "UnsupportedOperation",
        "This instance type does not support retrieving the latest console logs.",
      )
    }
    const text = instance === undefined ? "" : consoleOf(world, instance, values.Latest === true)
    const output = text === "" ? {} : { output: Buffer.from(text).subarray(-CONSOLE_BYTES).toString("base64") }
    return { instanceId: id, timestamp: isoTime(world.clock.now()), ...output }
  },
}

function isKept(world: World, { endedAt }: WorldInstance): boolean {
  return endedAt === undefined || world.clock.now() <= endedAt + world.settings.terminatedVisibleMs
}

/** Generations before Nitro, of the families that EC2 still sells ("Instances built on the Nitro System"). */
const XEN = /^(c[134]|d2|f1|g[23]s?|h1|i[23]|m[1-4]|p[23]|r[34]|t[12]|x1e?)\./

function isNitro(instanceType: string): boolean {
  return !XEN.test(instanceType)
}

/** What a Linux guest writes while it boots, and what Muster's writes; there is nothing before it boots. */
function consoleOf(world: World, { id, state, runningAt, endReason }: WorldInstance, isLatest: boolean): string {
  const failed = endReason === undefined ? [] : [`[    2.000000] ${endReason.message}`]
  const ran = runningAt === undefined ? [] : ["cloud-init[612]: running the startup script"]
  if (failed.length + ran.length === 0) return ""
  const boot = [`[    0.000000] Linux version 6.8.0-aws (${id})`, ...ran, ...failed].map((line) => `${line}\n`).join("")
  return state === "running" && !isLatest ? boot : boot + world.consoleText(id)
}
