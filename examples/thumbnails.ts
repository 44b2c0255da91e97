/** Thumbnails: a function of a module makes small pictures on four workers. Run it: node test/tools/run.mjs examples/thumbnails.ts */
import { remote, runJob } from "muster-vms"
import type { Picture } from "./support/thumb.js"

const { thumb } = remote<typeof import("./support/thumb.js")>(new URL("./support/thumb.js", import.meta.url))

/** Read one after the other, as workers have time for them. */
function* pictures(): Generator<Picture> {
  for (let shade = 0; shade < 12; shade += 1) {
    const pixels = Buffer.alloc(320 * 200 * 3, shade * 20)
    yield { name: `${shade}.ppm`, ppm: Buffer.concat([Buffer.from("P6\n320 200\n255\n"), pixels]) }
  }
}

const job = runJob({ provider: "local" }, { workers: 4, inputs: pictures(), work: thumb, slots: 1, ordered: true })
job.cluster.on("closed", ({ instances, leaked }) => console.log(`${instances} workers ended, ${leaked} left`))
for await (const { value } of job) {
  const [, size = "", ...rest] = Buffer.from(value.ppm).toString("latin1").split("\n")
  console.log(`${value.name}: ${size}, shade ${rest.join("\n").codePointAt(4)}`)
}
