/** Alive: whether a process of this machine lives. */

/** A process that this one may send no signal to lives, too. One that has ended and that nobody has waited for counts as alive. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH"
  }
}
