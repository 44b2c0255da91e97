/** A server of many workers, as a process of its own: `node answering.js KEY_FILE` prints its port. Any key is let in. */
import { readFileSync } from "node:fs"
import type { AddressInfo } from "node:net"
import { loadSsh } from "../../../src/remote/ssh/load.js"

let [now, most, all] = [0, 0, 0]

const server = new (loadSsh().Server)({ hostKeys: [readFileSync(process.argv[2] ?? "", "utf8")] }, (client) => {
  now += 1
  all += 1
  most = Math.max(most, now)
  client
    .on("authentication", (context) => context.accept())
    .on("session", (accept) => {
      accept().on("exec", (acceptExec) => {
        const channel = acceptExec()
        channel.write(`${most} of ${all}\n`)
        channel.exit(0)
        channel.end()
      })
    })
    .on("error", () => {})
    .on("close", () => {
      now -= 1
    })
})
server.listen(0, "0.0.0.0", () => console.log((server.address() as AddressInfo).port))
