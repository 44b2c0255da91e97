/**
 * Program: bundles the modules that its parent asks for. It is a process of its own, as the bundler's memory, tens of MiB, stays with
 * the process that has loaded it. It ends when its parent lets go of it, or is gone.
 */
import type { Answer, Question } from "./bundler.js"

process.on("message", ({ number, path }: Question) => {
  void answer(path).then((given) => process.send?.({ number, ...given } satisfies Answer))
})
process.once("disconnect", () => process.exit())
// A terminal sends these to parent and child. What becomes of the child is the parent's to say.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {})

async function answer(path: string): Promise<Pick<Answer, "rolled"> | Pick<Answer, "problem">> {
  try {
    const { roll } = await import("./roll.js")
    return { rolled: await roll(path) }
  } catch (error) {
    const { message, stack } = error as Error
    return { problem: { message, ...(stack === undefined ? {} : { stack }) } }
  }
}
