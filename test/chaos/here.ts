/** An owner in this process: the one that comes after a death, where no further process is to be waited for. */
import { Reports, type Worker } from "./child.js"
import type { Errand } from "./errand.js"
import { own } from "./work.js"

export function startHere(errand: Errand): Worker {
  const reports = new Reports()
  let goOn = () => {}
  const told = new Promise<void>((resolve) => {
    goOn = resolve
  })
  const ended = own(errand, {
    wrap: (provider) => provider,
    enter: () => {},
    tell: async (report) => {
      if (report.kind !== "begun") reports.say(report)
    },
    told: () => told,
    points: () => [],
  }).then(() => {
    reports.end()
    return { signal: null, errors: "" }
  })
  return { ended, goOn, next: () => reports.next() }
}
