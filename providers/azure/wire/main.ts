/**
 * The wire in a process of its own: `node main.js '{"speed": 60}'`. Takes the options of `simulate` and `port` as JSON;
 * prints its URL and its certificate as one line of JSON; ends when its standard input does, so that it never outlives
 * the process that started it.
 */
import { simulate, type SimulateOptions } from "../../../src/simulator/index.js"
import { azureWire } from "./index.js"
import { AZURE_WORLD } from "./world/world.js"

const { port = 0, ...options } = JSON.parse(process.argv[2] ?? "{}") as SimulateOptions & { readonly port?: number }
const { world } = simulate({ ...AZURE_WORLD, ...options })
const wire = await azureWire({ world, port })
process.stdout.write(`${JSON.stringify({ url: wire.url, ca: wire.ca })}\n`)
process.stdin.resume()
process.stdin.once("end", () => void wire.close().then(() => process.exit(0)))
