/** Resume: the process is killed in the middle, and the next one does only what is missing. Run it: node test/tools/run.mjs examples/resume.ts */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { Cluster, runJob } from "muster-vms"

const inputs = Array.from({ length: 30 }, (_, at) => at)

/** Says how many tasks were done by an earlier process. Killed, it leaves its cluster behind: that ends by its deadline, or by its name. */
async function work(directory: string, name: string): Promise<void> {
  const [ran, resume] = [join(directory, "ran"), join(directory, "done.jsonl")]
  const command = (task: number) => `sleep 0.05; echo ${task} >>'${ran}'`
  const job = runJob({ provider: "local", name, maxLifetime: "10m" }, { workers: 2, inputs, work: { command }, resume })
  let [done, resumed] = [0, 0]
  for await (const one of job) {
    done += 1
    if (one.resumed === true) resumed += 1
    else if (resumed === 0 && done === 10) process.kill(process.pid, "SIGKILL")
  }
  const twice = readFileSync(ran, "utf8").trimEnd().split("\n").length - done
  console.log(
    `${done} done, ${resumed >= 9 ? "most of ten" : resumed} by the one that was killed, ${twice <= 3 ? "few" : twice} twice`,
  )
}

const [directory, name] = process.argv.slice(2)
if (directory !== undefined && name !== undefined) await work(directory, name)
else {
  const made = mkdtempSync(join(tmpdir(), "muster-resume-"))
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), made, `resume-${process.pid}`])
  console.log(`the first ended by ${(await once(child, "exit"))[1]}`)
  await (await Cluster.attach(`resume-${process.pid}`, { provider: "local" })).close()
  await work(made, `again-${process.pid}`)
  rmSync(made, { recursive: true })
}
