/**
 * The wire in a process of its own that, asked by a line on its standard input, tells when the last of its instances began to
 * run: what a look at lists can only confirm later. Else as the wire's own `main`.
 */
import { createInterface } from "node:readline"
import { ec2World, ec2Wire } from "../../../providers/aws/wire/index.js"
import { type SimulateOptions, simulate } from "../../../src/simulator/index.js"

const options = JSON.parse(process.argv[2] ?? "{}") as SimulateOptions
const { world } = simulate({ ...ec2World(), ...options })
const wire = await ec2Wire({ world })
process.stdout.write(`${wire.url}\n`)
const lines = createInterface({ input: process.stdin })
lines.on("line", () => {
  const last = world.truth().reduce((latest, { runningAt = 0 }) => Math.max(latest, runningAt), 0)
  process.stdout.write(`${last}\n`)
})
lines.once("close", () => void wire.close().then(() => process.exit(0)))
