/** Act 3 of the demo, made small. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { PassThrough } from "node:stream"
import { text } from "node:stream/consumers"
import { afterEach, beforeEach, expect, test } from "vitest"
import { ec2 } from "../../examples/demo/ec2.js"
import { Stage } from "../../examples/demo/stage.js"
import { PATIENCE_MS } from "./support.js"

let stage: Stage
let shown: PassThrough
beforeEach(() => {
  shown = new PassThrough()
  const root = mkdtempSync(join(tmpdir(), "muster-demo-"))
  stage = new Stage({ workers: 1, burst: 5, width: 256 }, root, shown)
  return () => rmSync(root, { recursive: true, force: true })
})
afterEach(() => stage.close(true))

test("goes from 0 to 5 to 0 through the SDK, with the fewest calls, and leaves nothing", {
  timeout: PATIENCE_MS,
}, async () => {
  const lines = await ec2(stage)
  expect(lines[0]).toMatch(
    /^0 to 5 on EC2: first worker after \d+\.\d s, half of them after .*, all after .* of its time$/,
  )
  expect(lines[1]).toMatch(/^5 to 0 on EC2: 5 confirmed gone after /)
  expect(lines[2]).toMatch(/^requests: .*\b1 RunInstances, .*\b1 TerminateInstances\b/)
  expect(lines[3]).toMatch(
    /^receipt of demo-ec2: 5 workers, .* worker-seconds, \$0\.0\d+ \(pretended prices\), nothing left$/,
  )
  expect(lines.at(-1)).toMatch(/^ {2}5 +m7g\.large on-demand \(aws eu-west-2a\) .* terminated$/)
  const said = await text(shown.end())
  expect(said).toMatch(/^plan: 5 x m7g\.large for "default" in 1 launch call, \$0\.41\/h$/m)
  for (const phase of ["scaling", "closed"]) expect(said).toContain(phase)
})

test("says that the SDK is missing, and is left out", async () => {
  const lines = await ec2(stage, "@aws-sdk/not-installed")
  expect(lines).toEqual(["act 3 skipped: it needs @aws-sdk/not-installed, which is not installed here"])
})
