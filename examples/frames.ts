/** Frames: a command for each, whose files come back before its result is told. Run it: node test/tools/run.mjs examples/frames.ts */
import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { runJob } from "muster-vms"

const outputs = mkdtempSync(join(tmpdir(), "muster-frames-"))
/** Yours: ["blender", "-b", "scene.blend", "-o", "//frame-####", "-f", String(frame)], with `files` in the spec. */
const render = (frame: number) => `printf 'P2 1 1 255 %d\n' ${frame} >"$MUSTER_OUTPUT/frame-${frame}.pgm"`

const inputs = Array.from({ length: 24 }, (_, at) => at + 1)
const job = runJob({ provider: "local" }, { workers: 3, inputs, work: { command: render }, outputs, retries: 1 })
job.cluster.on("closed", ({ instances, leaked }) => console.log(`${instances} workers ended, ${leaked} left`))
const workers = new Set<string>()
try {
  for await (const { worker } of job) workers.add(worker)
  console.log(`${readdirSync(outputs).length} frames`)
} finally {
  rmSync(outputs, { recursive: true })
}
