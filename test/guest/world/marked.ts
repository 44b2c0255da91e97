/** Marked: the processes of a machine that is a folder. Whatever they did to their group, or to their other variables, they have its mark. */
import { readdirSync, readFileSync } from "node:fs"
import { systemClock } from "../../../src/calls/clock.js"

/** The variable that all processes of a machine have: its folder. No guest takes it from what it runs. */
export const MARK = "MUSTER_TEST_MACHINE"

/** Ends them all: until nobody is found twice in a row, since one look can miss who forks meanwhile. */
export async function endProcesses(root: string): Promise<void> {
  for (let calm = 0; calm < 2; ) {
    const pids = processesOf(root)
    for (const pid of pids) kill(pid)
    calm = pids.length === 0 ? calm + 1 : 0
    if (calm < 2) await systemClock.sleep(5)
  }
}

function processesOf(root: string): readonly number[] {
  const pids = readdirSync("/proc").map(Number).filter(Number.isInteger)
  return pids.filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(`${MARK}=${root}`)
    } catch {
      return false
    }
  })
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL")
  } catch {
    // It has ended meanwhile.
  }
}
