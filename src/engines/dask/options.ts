/** The options of `dask()`. */
import type { Duration, WorkerFields } from "../../spec/types.js"

export interface DaskOptions {
  /**
   * What is installed on head and workers before Dask starts there: a list as pip takes it (`["distributed==2024.1.0", "pandas"]`), or a
   * file of this machine, `requirements.txt`, `uv.lock` or `pyproject.toml`. `distributed` must be among them. Left out: nothing is
   * installed, and the image or container has it.
   */
  readonly requirements?: string | readonly string[]
  /** Of `dask` and `distributed`, which are installed: "2024.1.0". Beside `requirements` it must not contradict them. */
  readonly version?: string
  /** Of Python on head and workers: "3.11". By default that of the image; `uv`, where the image has it, brings another. */
  readonly python?: string
  /**
   * The Python of this machine that runs your client: a path, or a name on the path. Its versions are compared with those of head and
   * workers before anything is paid for. "python3" by default; `false` where no client runs here.
   */
  readonly client?: string | false
  /** What the head is, beside what the spec says at the top: `{ instanceType: "m7i.large" }`. Always one machine, on-demand. */
  readonly head?: WorkerFields
  /** Threads of each worker; as many as its machine has cores by default. */
  readonly nthreads?: number
  /** Memory of each worker: bytes, "8GiB", a part of the machine's (0.9), "auto" (the default), or `false` for no limit. */
  readonly memoryLimit?: number | string | false
  /** A process beside each worker that starts it again where it dies or takes too much memory; `true` by default. */
  readonly nanny?: boolean
  /** How long a worker waits for its head before it looks for it anew: "60s" by default. */
  readonly deathTimeout?: Duration
  /**
   * What tasks may ask for of the workers of a group, by the group's name: `{ big: { MEM: 64e9 } }`. Each worker has its group's name and
   * its labels as resources anyway, and GPU where its group asks for GPUs.
   */
  readonly resources?: Readonly<Record<string, Readonly<Record<string, number>>>>
  /** Connections between client, head and workers are encrypted, and only this cluster's keys are let in; `false` by default. */
  readonly tls?: boolean
  /** Whether the head serves Dask's dashboard; `true` by default. */
  readonly dashboard?: boolean
  /** Where the scheduler listens on the head: 8786 by default. */
  readonly port?: number
  /** Where the head serves the dashboard and the routes by which Muster asks it: 8787 by default. */
  readonly dashboardPort?: number
  /** Variables of head and workers, such as Dask's configuration (`DASK_DISTRIBUTED__…`). For secrets there is `secrets` of the spec. */
  readonly env?: Readonly<Record<string, string>>
}
