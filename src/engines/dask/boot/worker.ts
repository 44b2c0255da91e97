/** Worker: the script that keeps a Dask worker at the head, wherever that is. Plain `sh`. Pure. */
import type { EngineGroup } from "../../engine.js"
import { word } from "../../../guest/text.js"
import type { DaskConfig } from "../config.js"
import { lines, preparation, tlsFlags } from "./shell.js"
import { WORKER_PROGRAM } from "./worker-program.js"

const FILE = "muster_worker.py"

/** A worker that ends so soon has not worked, and after so many times in a row none will. */
const [SOON_S, TIMES] = [20, 5]

/**
 * The worker is started again when it loses its head, at the address that is the head's then. One that was told to leave stays away
 * until its machine is ended; so does not one that cannot work here: its script ends, with the reason as the last that it says.
 */
export function workerStartup(config: DaskConfig, group: EngineGroup): string {
  return `${lines(
    preparation(config, { program: [FILE, WORKER_PROGRAM], settings: {}, hasToken: false }),
    FUNCTIONS,
    joinFunction(config, group),
    LOOP(config),
  )}\n`
}

/**
 * SIGTERM reaches the script alone, or all processes: both must do. One that comes before the process's number is known could not be passed
 * on, and a process that is not yet its program loses one: so it is told again a second later. What is told twice leaves once.
 */
const FUNCTIONS = `dask_pid=
dask_stop=
dask_term() { dask_stop=1; [ -z "$dask_pid" ] || kill -TERM "$dask_pid" 2>/dev/null; }
trap dask_term TERM INT
dask_wait() {
while :; do
[ -z "$dask_stop" ] || { sleep 1; dask_term; }
wait "$dask_pid"
dask_code=$?
kill -0 "$dask_pid" 2>/dev/null || break
done
dask_pid=
}`

function joinFunction(config: DaskConfig, group: EngineGroup): string {
  const { port, tls, nanny, nthreads, memoryLimit, deathTimeoutS } = config
  const command = [
    '"$dask_python" -m distributed.cli.dask_worker',
    `"${tls ? "tls" : "tcp"}://$dask_head:${port}"`,
    '--name "$MUSTER_NAME"',
    '--host "$dask_own"',
    '--dashboard-address "$dask_own:0"',
    "--no-dashboard",
    `--nthreads "$dask_threads"`,
    `--memory-limit ${word(memoryLimit)}`,
    `--death-timeout ${deathTimeoutS}`,
    '--local-directory "$dask_space"',
    `--resources "${resourcesOf(config, group)}"`,
    `--preload "$dask_dir/${FILE}"`,
    ...(nanny ? ["--nanny", `--preload-nanny "$dask_dir/${FILE}"`] : ["--no-nanny"]),
    ...tlsFlags(config),
  ]
  return lines(
    `dask_space=\${MUSTER_SCRATCH:-$dask_dir}/space`,
    'mkdir -p "$dask_space"',
    `export MUSTER_DASK_DEATH_S=${deathTimeoutS}`,
    `dask_threads=${nthreads ?? '$("$dask_python" -c "from dask.system import CPU_COUNT; print(CPU_COUNT)")'}`,
    "dask_join() {",
    "case $1 in *:*) dask_head=[$1] dask_own=[$2] ;; *) dask_head=$1 dask_own=$2 ;; esac",
    "export MUSTER_DASK_HEAD=$1",
    `${command.join(" \\\n")} &`,
    "dask_pid=$!",
    "}",
  )
}

/** What a task may ask for, so that it runs in this group: `resources={"big": 1}`. As many of them run at a time as there are threads. */
function resourcesOf({ resources }: DaskConfig, { name, fields }: EngineGroup): string {
  const labels = Object.entries(fields.tags ?? {}).map(([key, value]) => `${key}:${value}`)
  const gpus = fields.gpu === undefined ? [] : [`GPU=${fields.gpu.count ?? 1}`]
  const own = Object.entries(resources[name] ?? {}).map(([key, amount]) => `${key}=${amount}`)
  return [...[name, ...labels].map((label) => `${label}=$dask_threads`), ...gpus, ...own].join(" ")
}

const LOOP = ({ port, memoryBytes }: DaskConfig) => `dask_tries=0
rm -f "$dask_dir/left" "$dask_dir/failed"
while [ -z "$dask_stop" ]; do
"$dask_python" "$dask_dir/${FILE}" ${port} ${memoryBytes ?? 0} >"$dask_dir/way" &
dask_pid=$!
dask_wait
[ ! -e "$dask_dir/failed" ] || exit 78
[ -z "$dask_stop" ] || break
[ "$dask_code" = 0 ] || dask_fail "the head cannot be looked for"
dask_since=$(date +%s)
[ -z "$dask_stop" ] || break
dask_join $(cat "$dask_dir/way")
dask_wait
[ ! -e "$dask_dir/failed" ] || exit 78
[ -z "$dask_stop" ] || break
if [ -e "$dask_dir/left" ]; then
dask_say "this worker was told to leave"
while [ -z "$dask_stop" ]; do
sleep 3600 &
dask_pid=$!
dask_wait
done
break
fi
dask_say "the worker ended with code $dask_code; it looks for the head again"
if [ "$dask_code" != 0 ] && [ $(($(date +%s) - dask_since)) -lt ${SOON_S} ]; then
dask_tries=$((dask_tries + 1))
[ "$dask_tries" -lt ${TIMES} ] || dask_fail "the worker ended ${TIMES} times in a row as soon as it had begun"
else
dask_tries=0
fi
sleep 1
done
exit 143`
