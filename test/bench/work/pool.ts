/** Pool: the same tasks on threads of this process, by piscina: what a pool on one machine costs, for comparison. */
import { Piscina } from "piscina"

/** Runs so many tasks that do nothing, all asked for at once, and puts the pool away. */
export async function onThreads(tasks: number): Promise<() => Promise<void>> {
  const pool = new Piscina({ filename: new URL("./nothing.js", import.meta.url).href })
  await pool.run(undefined, { name: "nothing" })
  return async () => {
    await Promise.all(Array.from({ length: tasks }, (_, index) => pool.run(index, { name: "nothing" })))
    await pool.destroy()
  }
}
