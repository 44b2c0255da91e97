/**
 * Dask: how long it takes from `scale(n)` until n workers have joined their scheduler, on this machine, beside Dask's own LocalCluster with
 * as many processes, one after the other in one run. It needs Dask (Debian: python3-distributed).
 */
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { local } from "../../../providers/local/index.js"
import { Cluster } from "../../../src/cluster.js"
import { dask } from "../../../src/engines/dask/index.js"
import { hasDask, PYTHON, WITHOUT } from "../../engines/dask/boots.js"
import { Measurements } from "../measurements.js"
import { effortOf } from "../stopwatch.js"
import type { Row, Suite, SuiteOptions } from "../suite.js"

const COUNTS = [4, 20] as const
const MOST_RUNS = 5

/** Prints the milliseconds from its beginning until all workers are there. */
const LOCAL_CLUSTER = `
import sys, time
from distributed import Client, LocalCluster
if __name__ == "__main__":
    count = int(sys.argv[1])
    begun = time.perf_counter()
    with LocalCluster(n_workers=count, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        with Client(cluster) as client:
            client.wait_for_workers(count)
            print((time.perf_counter() - begun) * 1000)
`

export const suite: Suite = { title: "dask", measure }

async function measure({ runs, say }: SuiteOptions): Promise<readonly Row[]> {
  if (!hasDask) throw new Error(`the suite "dask" ${WITHOUT}`)
  const [times, ratios] = [new Measurements(), new Measurements()]
  for (const count of COUNTS) {
    for (let run = 0; run < Math.min(runs, MOST_RUNS); run += 1) {
      say(`${count} members, ${run + 1}`)
      const [own, theirs] = [await ownMs(count), localClusterMs(count)]
      times.add(`${count} members: muster, its head included`, own)
      times.add(`${count} members: LocalCluster`, theirs)
      ratios.add(`${count} members: muster / LocalCluster`, own / theirs)
    }
  }
  return [...times.rows("ms", () => undefined), ...ratios.rows("ratio", () => "shown")]
}

/** Each worker has a nanny, as LocalCluster's have. */
async function ownMs(count: number): Promise<number> {
  const root = mkdtempSync(join(tmpdir(), "muster-bench-"))
  const engine = dask({ nthreads: 1, dashboard: false, client: PYTHON })
  const cluster = new Cluster(
    { provider: local({ root: join(root, "local") }), engine },
    { journal: join(root, "journal") },
  )
  try {
    const { wallMs } = await effortOf(async () => void (await cluster.scale(count)))
    return wallMs
  } finally {
    await cluster.close()
    rmSync(root, { recursive: true, force: true })
  }
}

function localClusterMs(count: number): number {
  const { stdout, stderr, status } = spawnSync(PYTHON, ["-c", LOCAL_CLUSTER, String(count)], { encoding: "utf8" })
  if (status !== 0) throw new Error(`LocalCluster ended with ${status}: ${stderr}`)
  return Number(stdout)
}
