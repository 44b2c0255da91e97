/**
 * The wire in a process of its own: `node main.js '{"speed": 60, "seed": 7}'`. Takes the options of `simulate`
 * and `port` as JSON; prints its URL as its first line; ends when its standard input does, so that it never outlives the
 * process that started it.
 */
import { type SimulateOptions, simulate } from "../../../src/simulator/index.js"
import { gceWire } from "./index.js"
import { gceWorld } from "./world.js"

const { port = 0, ...options } = JSON.parse(process.argv[2] ?? "{}") as SimulateOptions & { readonly port?: number }
const { world } = simulate({ ...gceWorld(options.region), ...options })
const wire = await gceWire({ world, port })
process.stdout.write(`${wire.url}\n`)
process.stdin.resume()
process.stdin.once("end", () => void wire.close().then(() => process.exit(0)))
