/** Head: the script that runs Dask's scheduler. Plain `sh`. Pure. */
import type { DaskConfig } from "../config.js"
import { HEAD_PROGRAM, PORTS_PROGRAM } from "./head-program.js"
import { word } from "../../../guest/text.js"
import { lines, preparation, tlsFlags } from "./shell.js"

const FILE = "muster_head.py"

const SETTINGS = {
  // A machine that is taken away must not count as a fault of the task that it ran: Dask's own 3 are used up in one spot storm.
  DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES: "10",
}

/**
 * On a machine of its own the scheduler listens on all addresses, for workers and for what is forwarded to 127.0.0.1; its pages and our
 * routes on 127.0.0.1 alone, which nobody else reaches.
 */
export function headStartup(config: DaskConfig): string {
  const { port, dashboardPort, dashboard, tls } = config
  const command = [
    'exec "$dask_python" -m distributed.cli.dask_scheduler',
    `--host "${tls ? "tls" : "tcp"}://$dask_host"`,
    `--port ${port}`,
    `--dashboard-address "\${dask_host:-127.0.0.1}:${dashboardPort}"`,
    dashboard ? "--dashboard" : "--no-dashboard",
    "--no-show",
    `--preload "$dask_dir/${FILE}"`,
    ...tlsFlags(config),
  ]
  return `${lines(
    preparation(config, { program: [FILE, HEAD_PROGRAM], settings: SETTINGS, hasToken: true }),
    `"$dask_python" -c ${word(PORTS_PROGRAM)} "$dask_host" ${port} port "\${dask_host:-127.0.0.1}" ${dashboardPort} dashboardPort || exit 78`,
    command.join(" \\\n"),
  )}\n`
}
