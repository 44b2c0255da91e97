/** Muster's side: the connections and commands of `cluster.exec`, from the first load of the ssh client on. */
import { readFileSync } from "node:fs"
import { systemClock } from "../../../src/calls/clock.js"
import { execOn } from "../../../src/remote/exec.js"
import { Connections } from "../../../src/remote/ssh/connections.js"
import { sshRemote } from "../../../src/remote/ssh/remote.js"
import { effortOf } from "../stopwatch.js"
import { type Errand, isAnswer, type Measured, QUESTION } from "./errand.js"

const errand = JSON.parse(process.argv[2] ?? "") as Errand
const { addresses, port, user, hostKey } = errand
const privateKey = readFileSync(errand.keyFile, "utf8")
const connections = new Connections({ workers: () => addresses.length })

async function askAll(): Promise<void> {
  const reached = addresses.map((host) => {
    const server = { name: host, host, port, user, privateKey, hostKeys: [hostKey] }
    const remote = sshRemote({ id: host, way: { kind: "direct" }, server }, connections, systemClock)
    return { worker: host, remote: () => Promise.resolve(remote) }
  })
  for (const { worker, stdout } of await execOn(reached, QUESTION)) {
    if (!isAnswer(stdout, worker, errand)) throw new Error(`${worker} answered ${JSON.stringify(stdout)}`)
  }
}

const first = await effortOf(askAll)
const second = await effortOf(askAll)
connections.close()
console.log(JSON.stringify({ first, second } satisfies Measured))
