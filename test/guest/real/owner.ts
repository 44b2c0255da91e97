/** Owner: a program with a worker in a container, and one task of each kind there that goes on for ever: `ROOT`. It says when both have begun. */
import { join } from "node:path"
import { Cluster, remote } from "../../../src/index.js"
import { local } from "../../../providers/local/index.js"

const { staysAt } = remote<typeof import("./stays.js")>(new URL("./stays.js", import.meta.url))

const [, , root = ""] = process.argv
const cluster = new Cluster(
  { provider: local({ root: join(root, "local") }), container: "node:1", name: "held" },
  { journal: join(root, "journal") },
)
await cluster.scale(1)
const command = { command: "echo $$ >/work/command.new; mv /work/command.new /work/command; sleep 10000 & wait" }
cluster
  .map([1], command)
  .all()
  .catch(() => {})
cluster.call(staysAt, "/work/module").catch(() => {})
