import { createHash } from "node:crypto"
import { availableParallelism } from "node:os"
import { defineConfig } from "vitest/config"
import { BaseSequencer, type TestSpecification } from "vitest/node"

/** The longest: begun last, one of them would run on alone. Most wait for processes and real seconds, beside which others compute. */
const LONGEST = [
  "chaos/wired",
  "contract/local",
  "azure/promises",
  "gcp/cluster",
  "local/end",
  "cli/wired-bin",
  "chaos/local",
  "local/outlive",
  "progress/endings",
  "progress/tmux",
  "aws/cluster",
  "package/published",
  "examples/demo",
  "local/replaced",
  "fuzz/suites",
]

class LongestFirst extends BaseSequencer {
  /** Others by what they took the last time on this machine, or by their size; any order that a `--sequence.seed` gives. */
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { seed } = this.ctx.config.sequence
    const drawn = ({ moduleId }: TestSpecification) => createHash("md5").update(`${seed} ${moduleId}`).digest("hex")
    if (seed !== undefined) return [...files].sort((one, other) => (drawn(one) < drawn(other) ? -1 : 1))
    const rankOf = ({ moduleId }: TestSpecification) => {
      const rank = LONGEST.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`))
      return rank < 0 ? LONGEST.length : rank
    }
    return (await super.sort(files)).sort((one, other) => rankOf(one) - rankOf(other))
  }
}

export default defineConfig({
  resolve: {
    alias: [
      { find: /^muster-vms$/, replacement: new URL("./src/index.ts", import.meta.url).pathname },
      { find: /^muster-vms\/dask$/, replacement: new URL("./src/engines/dask/index.ts", import.meta.url).pathname },
      { find: /^muster-vms\/progress$/, replacement: new URL("./src/progress/index.ts", import.meta.url).pathname },
      { find: /^muster-vms\/bullmq$/, replacement: new URL("./src/demand/bullmq/index.ts", import.meta.url).pathname },
      { find: /^muster-vms\/simulator$/, replacement: new URL("./src/rehearsal/index.ts", import.meta.url).pathname },
      { find: /^muster-vms\/contract$/, replacement: new URL("./test/contract/index.ts", import.meta.url).pathname },
      {
        find: /^muster-vms\/(local|aws|gcp|azure)$/,
        replacement: `${new URL("./providers", import.meta.url).pathname}/$1/index.ts`,
      },
    ],
  },
  test: {
    globalSetup: "test/support/prepare.ts",
    setupFiles: "test/support/each-file.ts",
    include: ["test/**/*.test.ts"],
    reporters: ["default", "./test/support/skips.ts"],
    // A process for each worker, not for each file: see test/support/each-file.ts.
    isolate: false,
    // Far above what anything takes on a machine that is several times as slow as usual: they end what hangs, and nothing else.
    testTimeout: 240_000,
    hookTimeout: 240_000,
    expect: { poll: { timeout: 60_000 } },
    // More than there are processors: nearly half of the time of all files is waiting.
    maxWorkers: availableParallelism() + 2,
    // Messages of thousands of workers are short-lived: with more room for the young, fewer are moved to the old.
    execArgv: ["--max-semi-space-size=64"],
    sequence: { sequencer: LongestFirst },
  },
})
