/** Aside: what of this machine's journals could not be read is told once, and never stands in the way of an end. */
import type { Fleet } from "../state/context.js"
import type { SetAside } from "../journal/history.js"

export function noteSetAside({ setAside }: Pick<Fleet, "setAside">, found: readonly SetAside[]): void {
  for (const what of found) if (!setAside.has(what.path)) setAside.set(what.path, { ...what, told: false })
}

/** Whoever attaches can hear it only once the cluster is there: it is told when something is first done with it. */
export function tellSetAside({ setAside, emit }: Pick<Fleet, "setAside" | "emit">): void {
  for (const aside of setAside.values()) {
    if (!aside.told) emit({ type: "problem", error: "JournalError", message: aside.message })
    aside.told = true
  }
}
