/** What this machine, as a container may show it, makes of the defaults. */
import { describe, expect, test } from "vitest"
import { limitsOfCgroups } from "../../providers/local/machine/cgroup.js"
import { machineOf, notesOfProcess } from "../../providers/local/machine/machine.js"

const V2_MOUNT = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate"
const v1Mount = (name: string, root = "/", point = `/sys/fs/cgroup/${name}`) =>
  `35 30 0:31 ${root} ${point} rw,nosuid shared:9 - cgroup cgroup rw,${name}`

/** Of these files, with the mounts and this process's groups. */
function limitsOf(mounts: readonly string[], groups: readonly string[], files: Readonly<Record<string, string>>) {
  const all: Readonly<Record<string, string>> = {
    "/proc/self/mountinfo": `22 1 254:1 / / rw - ext4 /dev/vda rw\n${mounts.join("\n")}\n`,
    "/proc/self/cgroup": `${groups.join("\n")}\n`,
    ...Object.fromEntries(Object.entries(files).map(([path, text]) => [`/sys/fs/cgroup${path}`, `${text}\n`])),
  }
  return limitsOfCgroups((path) => all[path])
}

describe("control groups", () => {
  test.each([
    ["v2 in a container", ["0::/"], { "/memory.max": "536870912", "/cpu.max": "50000 100000" }, 0.5, 536_870_912],
    [
      "v2, the least of all above",
      ["0::/a/b"],
      {
        "/a/memory.max": "1073741824",
        "/a/b/memory.max": "2147483648",
        "/a/b/cpu.max": "max 100000",
        "/a/cpu.max": "250000 100000",
      },
      2.5,
      1_073_741_824,
    ],
    ["v2 without limits", ["0::/a"], { "/a/memory.max": "max", "/a/cpu.max": "max 100000" }, undefined, undefined],
    ["v2, of another group", ["0::/a"], { "/b/memory.max": "1048576" }, undefined, undefined],
    ["v2 above a namespace", ["0::/../../x"], { "/memory.max": "1048576" }, undefined, 1_048_576],
    ["v2 without files", ["0::/"], {}, undefined, undefined],
  ] as const)("%s", (_name, groups, files, cores, memoryBytes) => {
    expect(limitsOf([V2_MOUNT], groups, files as Record<string, string>)).toEqual({
      ...(cores === undefined ? {} : { cores }),
      ...(memoryBytes === undefined ? {} : { memoryBytes }),
    })
  })

  test("v1, also where the mount shows the container's own group", () => {
    const point = "/sys/fs/cgroup/cpu,cpuacct"
    const mounts = [v1Mount("memory", "/docker/one"), v1Mount("cpu,cpuacct", "/", point), v1Mount("pids")]
    const groups = ["9:memory:/docker/one", "3:cpu,cpuacct:/docker/one/deep", "2:pids:/"]
    const files = {
      "/memory/memory.limit_in_bytes": "536870912",
      "/cpu,cpuacct/docker/one/cpu.cfs_quota_us": "150000",
      "/cpu,cpuacct/docker/one/cpu.cfs_period_us": "100000",
      "/cpu,cpuacct/docker/one/deep/cpu.cfs_quota_us": "-1",
      "/cpu,cpuacct/docker/one/deep/cpu.cfs_period_us": "100000",
    }
    expect(limitsOf(mounts, groups, files)).toEqual({ cores: 1.5, memoryBytes: 536_870_912 })
  })

  test("absent", () => {
    expect(limitsOfCgroups(() => undefined)).toEqual({})
  })
})

describe("a machine of 8 cores and 16 GiB", () => {
  const has = { cores: 8, memoryBytes: 16 * 2 ** 30 }
  test.each([
    [{}, { vcpus: 8, memoryGiB: 16, notes: [] }],
    [
      { cores: 2.5, memoryBytes: 512 * 2 ** 20 },
      { vcpus: 2, memoryGiB: 0.5, notes: [] },
    ],
    // Version 1 says "no limit" by a number that no machine has.
    [{ memoryBytes: 2 ** 63 }, { vcpus: 8, memoryGiB: 16, notes: [] }],
    [{ cores: 64 }, { vcpus: 8, memoryGiB: 16, notes: [] }],
  ])("with %j is %j", (limits, machine) => {
    expect(machineOf(has, limits)).toEqual(machine)
  })

  test("of which half a core may be used offers one, and says what it is", () => {
    const { vcpus, notes } = machineOf(has, { cores: 0.5 })
    expect(vcpus).toBe(1)
    expect(notes).toEqual([expect.stringContaining("0.5 of a core")])
  })
})

test("only process 1 is told that it reaps no orphans", () => {
  expect(notesOfProcess(1)).toEqual([expect.stringContaining("--init")])
  expect(notesOfProcess(2)).toEqual([])
})
