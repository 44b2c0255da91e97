/** A storm on a real terminal: what tmux has kept as scrolled out is nothing. */
import { execFileSync, spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { until } from "../support/children.js"
import { isLong } from "../support/long.js"
import { lacking, titled } from "../support/tools.js"

const noTmux = lacking("tmux")
/** Where the package's own name leads to what is tested. */
const PROGRAMS = fileURLToPath(new URL("../../.cache/js", import.meta.url))

/** 1,000 workers, and a storm after five minutes that is over after ten: played a hundred and twenty times as fast. */
const PROGRAM = `
  import { Cluster } from "muster-vms"
  import { showProgress } from "muster-vms/progress"
  import { simulate } from "muster-vms/simulator"
  const capacity = [{ market: "spot", count: 130 }]
  const { provider, clock } = simulate({ speed: 120, scenario: "spot-storm", capacity })
  const spec = { name: "storm", provider, vcpus: 2, market: "spot-with-fallback" }
  const cluster = new Cluster(spec, { clock, journal: false })
  showProgress(cluster, { clock })
  await cluster.scale(1000)
  await clock.sleep(12 * 60_000)
  await cluster.close()
`

const WIDE = [80, 24] as const
const NARROW = [40, 10] as const

describe.skipIf(noTmux !== undefined)(titled("in tmux", noTmux), () => {
  let directory = ""
  const tmux = (...line: readonly string[]) =>
    execFileSync("tmux", ["-S", join(directory, "socket"), "-f", "/dev/null", ...line], { encoding: "utf8" })
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "muster-tmux-"))
  })
  afterEach(() => {
    spawnSync("tmux", ["-S", join(directory, "socket"), "kill-server"])
    rmSync(directory, { recursive: true, force: true })
  })

  test.each(isLong ? [WIDE, NARROW] : [WIDE])(
    "no line scrolls through a storm of 1,000 workers, on %i x %i",
    async (columns, rows) => {
      const file = join(directory, "program.mjs")
      writeFileSync(file, PROGRAM)
      // The pane lives on: tmux writes a line of its own into one that has ended.
      const line = `cd ${PROGRAMS} && ${process.execPath} --input-type=module < ${file}; echo over; exec sleep 600`
      const environment = ["-e", "LC_ALL=C.UTF-8", "-e", "CI="]
      tmux("new-session", "-d", "-x", String(columns), "-y", String(rows), ...environment, line)
      const screens = new Set<string>()
      await until(() => {
        const screen = tmux("capture-pane", "-p")
        screens.add(screen)
        return Promise.resolve(/^over$/m.test(screen))
      })
      expect(tmux("display-message", "-p", "#{history_size} #{cursor_flag}").trim()).toBe("0 1")
      const seen = [...screens].join("\n")
      expect(screens.size).toBeGreaterThan(20)
      for (const words of ["of 1000", "capacity", "interrupted"]) expect(seen).toContain(words)
      expect(tmux("capture-pane", "-p")).toMatch(/^storm .* closed [\s\S]*\nover\n/)
    },
  )
})
