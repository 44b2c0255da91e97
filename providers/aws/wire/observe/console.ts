import { checkInstanceIds, checkKnown } from "../client/ids.js"
import { isoTime } from "../client/time.js"
import { type Action, checkDryRun } from "../client/action.js"

/** What a Linux guest writes while it boots; there is nothing before it does. */
export const getConsoleOutput: Action = {
  members: { "InstanceId!": "string", Latest: "boolean", DryRun: "boolean" },
  cost: () => ({ GetConsoleOutput: 1 }),
  answer(world, values) {
    const id = String(values.InstanceId)
    checkInstanceIds([id])
    const instance = world.instance(id)
    checkKnown([id], () => instance !== undefined)
    checkDryRun(values)
    const failed = instance?.endReason === undefined ? [] : [`[    2.000000] ${instance.endReason.message}`]
    const ran = instance?.runningAt === undefined ? [] : ["cloud-init[612]: running the startup script"]
    const lines = [`[    0.000000] Linux version 6.8.0-aws (${id})`, ...ran, ...failed]
    const isStarted = failed.length + ran.length > 0
    const output = isStarted ? { output: Buffer.from(`${lines.join("\n")}\n`).toString("base64") } : {}
    return { instanceId: id, timestamp: isoTime(world.clock.now()), ...output }
  },
}
