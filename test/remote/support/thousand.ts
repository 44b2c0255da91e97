/**
 * A command on many simulated workers, whose ssh ends at one server: `node thousand.js COUNT PORT KEY_FILE HOST_KEY FOLDER` prints how
 * many have answered and what the last of them said.
 */
import { join } from "node:path"
import { systemClock } from "../../../src/calls/clock.js"
import { acceleratedClock } from "../../../src/calls/derived-clocks.js"
import { Cluster } from "../../../src/cluster.js"
import { markPrefix } from "../../../src/guest/marks.js"
import type { Provider } from "../../../src/provider.js"
import { simulate } from "../../../src/simulator/index.js"

const [count = "", port = "", keyFile = "", hostKey = "", folder = ""] = process.argv.slice(2)

/** Each has an address of this machine. */
const addresses = (order: number) => `127.28.${order >> 8}.${order & 255}`
const clock = acceleratedClock(systemClock, 4)
const simulated = simulate({ clock, addresses }).provider
const provider: Provider = {
  ...simulated,
  route: ({ privateIp = "" }) => ({ kind: "ssh", addresses: [privateIp], port: Number(port) }),
  consoleLog: ({ tags }) => Promise.resolve(`${markPrefix(tags["muster-uid"] ?? "")}host-key ssh-ed25519 ${hostKey}\n`),
}
const access = { from: "127.0.0.1/32", keyFile } as const
const spec = { name: "many", provider, instanceType: "s1.small", access }
const cluster = new Cluster(spec, { clock, journal: join(folder, "journal") })
await cluster.scale(Number(count))
const results = await cluster.exec("true")
const most = results.map(({ stdout }) => Number.parseInt(stdout, 10)).sort((one, other) => other - one)[0]
console.log(JSON.stringify({ answered: results.filter(({ stdout }) => stdout !== "").length, most }))
await cluster.close()
