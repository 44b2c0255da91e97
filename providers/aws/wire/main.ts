/**
 * The wire in a process of its own: `node main.js '{"speed": 60, "region": "eu-west-2"}'`. Takes the options of `simulate`
 * and `port` as JSON; prints its URL as its first line; ends when its standard input does, so that it never outlives the
 * process that started it.
 */
import { type SimulateOptions, simulate } from "../../../src/simulator/index.js"
import { ec2Wire } from "./index.js"
import { ec2World } from "./world/world.js"

const { port = 0, ...options } = JSON.parse(process.argv[2] ?? "{}") as SimulateOptions & { readonly port?: number }
const { world } = simulate({ ...ec2World(options.region), ...options })
const wire = await ec2Wire({ world, port })
process.stdout.write(`${wire.url}\n`)
process.stdin.resume()
process.stdin.once("end", () => void wire.close().then(() => process.exit(0)))
