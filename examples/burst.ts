/** A burst: eight workers empty a queue of files, and are gone. Run it: node test/tools/run.mjs examples/burst.ts */
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { Cluster } from "muster-vms"

const queue = await mkdtemp(join(tmpdir(), "muster-burst-"))
for (const folder of ["todo", "doing", "done"]) await mkdir(join(queue, folder))
for (let file = 0; file < 40; file += 1) await writeFile(join(queue, "todo", `${file}.txt`), "muster ".repeat(50_000))

const cluster = new Cluster({
  provider: "local",
  environment: { QUEUE: queue },
  // A rename is a claim: of two workers that want the same file, one gets it. Who finds none left is not one that failed.
  startup: `cd "$QUEUE"
    for file in todo/*; do
      mine="doing/\${file##*/}"
      mv "$file" "$mine" 2>/dev/null && gzip "$mine" && mv "$mine.gz" done/
    done
    exec sleep infinity`,
})
try {
  const { running } = await cluster.scale(8)
  console.log(`${running} workers`)
  while ((await readdir(join(queue, "done"))).length < 40) await sleep(50)
  console.log("40 files compressed")
} finally {
  const { instances, leaked } = await cluster.close()
  console.log(`${instances.length} workers ended, ${leaked.length} left`)
  await rm(queue, { recursive: true })
}
