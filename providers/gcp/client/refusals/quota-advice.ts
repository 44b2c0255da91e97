/**
 * What the user can do about a quota, by the metric that ran out: vCPUs are not the only thing that has one ("Allocation
 * quotas").
 */

const MORE = (metric: string) => `ask for more of ${metric} under IAM & Admin > Quotas`

interface Row {
  readonly metric: RegExp
  /** What helps besides asking for more. */
  readonly else: string
}

/** The first row that fits counts. */
const ROWS: readonly Row[] = [
  {
    metric: /^CPUS_ALL_REGIONS$|^GPUS_ALL_REGIONS$/,
    else: "it counts in all regions of the project: only another project or provider has more",
  },
  {
    metric: /IN_USE_ADDRESSES|EXTERNAL_MANAGED|STATIC_ADDRESSES/,
    else: "launch without public addresses (publicAddress: false) behind Cloud NAT, or add regions",
  },
  {
    metric: /LOCAL_SSD/,
    else: "take fewer localSsds, or types without local SSDs, or add regions",
  },
  {
    metric: /SSD_TOTAL|DISKS?_TOTAL|HYPERDISK|PD_.*(GB|IOPS|THROUGHPUT)/,
    else: "make boot disks smaller (disk.sizeGb) or of another kind (disk.type: pd-standard counts as DISKS_TOTAL_GB), or add regions",
  },
  { metric: /GPU/, else: "add machine types with other GPUs, or regions" },
  {
    metric: /^PREEMPTIBLE_|_PREEMPTIBLE/,
    else: 'use market "spot-with-fallback" or "on-demand", or add regions',
  },
  { metric: /CPUS/, else: "add machine types of other series, or regions" },
  { metric: /^INSTANCES|VM_INSTANCES/, else: "ask for fewer and larger machine types, or add regions" },
  { metric: /RESERVATION|COMMIT/, else: "name another reservation, or none" },
]

/** Undefined where the refusal does not name the quota. */
export function quotaAdvice(metric: string | undefined): string | undefined {
  if (metric === undefined) return undefined
  // "compute.googleapis.com/n2_cpus" is N2_CPUS in the list of quotas.
  const name = metric.slice(metric.lastIndexOf("/") + 1).toUpperCase()
  const row = ROWS.find((one) => one.metric.test(name))
  return `${MORE(name)}, or: ${row?.else ?? "add regions or providers"}`
}
