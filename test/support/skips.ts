/** Tells at the end of a run why tests were skipped, so that who wants them knows what to install. */
import type { Reporter, TestModule } from "vitest/node"
import { LONG } from "./long.js"

const OTHERS = "others: most are of npm run test:all, some need root or another machine"

export default class Skips implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const counts = new Map<string, number>()
    for (const { children } of modules) {
      for (const { fullName } of children.allTests("skipped")) {
        const reason = reasonIn(fullName)
        counts.set(reason, (counts.get(reason) ?? 0) + 1)
      }
    }
    const rows = [...counts].sort(([one], [other]) => Number(one === OTHERS) - Number(other === OTHERS))
    const lines = rows.map(([reason, count]) => `  ${String(count).padStart(5)}  ${reason}\n`)
    if (lines.length > 0) process.stdout.write(`\nskipped tests, and why:\n${lines.join("")}`)
  }
}

/** As the titles of tests and suites have it in brackets. What is to be installed comes first. */
function reasonIn(title: string): string {
  const [, needs] = /\((needs [^()]+)\)/.exec(title) ?? []
  return needs ?? (title.includes(`(${LONG})`) ? LONG : OTHERS)
}
