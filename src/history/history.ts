/** History: writes down what happens to a cluster, for readers after its process is gone. It stops nothing, and waits for nothing. */
import { dirname, join } from "node:path"
import { type Clock, wallAheadMs } from "../calls/clock.js"
import type { ClusterEventBody } from "../events.js"
import { messageOf, type Fleet } from "../fleet/state/context.js"
import type { ClusterCost } from "../money/cost.js"
import { headerOf, HistoryFile, historyPath } from "./history-file.js"
import { withoutSecrets } from "../remote/sent/values.js"
import { Gathering, type HistoryRow } from "./rows.js"

/** Where the histories are whose journals are in a directory. */
export function historyDirectory(journal: string): string {
  return join(dirname(journal), "history")
}

/** What happens within so long is written together. */
const GATHER_MS = 1000
/** How often the cost is written down while nothing changes, and while the price an hour does. */
const COST_MS = { still: 5 * 60_000, changing: 15_000 } as const
/** Longer words are cut: one answer of a cloud can have pages. */
const MOST_WORDS = 1000

/** A shorter value of a variable or a tag is too likely a word that stands there for another reason. */
const LEAST_LENGTH = 6

/** Events without which nothing has happened to a cluster. */
const BEGINS: readonly string[] = ["target", "plan", "launch-ended", "worker", "termination-started", "budget"]

export interface HistoryOptions {
  /** Where it is kept. */
  readonly directory: string
  readonly clock: Clock
  /** Hears once that nothing can be kept, and why. */
  readonly warn: (message: string) => void
  readonly costNow: (fleet: Fleet) => Pick<ClusterCost, "soFar" | "perHour" | "byGroup" | "unpriced">
}

export class History {
  readonly #options: HistoryOptions
  readonly #gathering = new Gathering()
  #fleet: Fleet | undefined
  #file: HistoryFile | undefined
  #cancel: (() => void) | undefined
  #last: Promise<void> = Promise.resolve()
  #cost = { at: Number.NEGATIVE_INFINITY, perHour: Number.NaN }
  #hasWarned = false
  /** Something was begun: who only asks what it would come to leaves no file. */
  #isBegun = false
  #isOver = false

  constructor(options: HistoryOptions) {
    this.#options = options
  }

  /** From now on it is known whose history it is; what was noted before is written with it. */
  begin(fleet: Fleet): void {
    this.#fleet = fleet
    const path = historyPath(this.#options.directory, fleet.owner)
    const { cluster, uid, owner } = fleet.owner
    this.#file = new HistoryFile(path, headerOf({ cluster, uid, owner }))
    this.#schedule()
  }

  note(event: ClusterEventBody): void {
    // Who only watches has nothing to write down.
    if (this.#fleet?.isOwner === false || this.#isOver) return
    this.#isBegun ||= BEGINS.includes(event.type)
    if (event.type === "pass") this.#noteCost(event.pricePerHour)
    // Before it is known whose history it is, nothing is launched: what is found is of an earlier process.
    else if (this.#gathering.add(event, this.#wall(), this.#fleet === undefined)) this.#schedule()
  }

  /** Writes the last of it. @param how `detached`: the workers go on. */
  async end(how: "ended" | "detached"): Promise<void> {
    if (this.#isOver) return
    this.#isOver = true
    if (this.#fleet?.isOwner === true) {
      this.#noteCost(Number.NaN)
      if (how === "detached") this.#gathering.add({ type: "detached" }, this.#wall())
    }
    this.#flush()
    await this.#last
  }

  #wall(): number {
    const { clock } = this.#options
    return Math.round(clock.now() + wallAheadMs(clock))
  }

  /** @param perHour USD; NaN: it is written down whatever it was before. */
  #noteCost(perHour: number): void {
    const { clock, costNow } = this.#options
    if (this.#fleet === undefined) return
    const [now, isSame] = [clock.now(), perHour === this.#cost.perHour]
    if (!Number.isNaN(perHour) && now - this.#cost.at < (isSame ? COST_MS.still : COST_MS.changing)) return
    this.#cost = { at: now, perHour }
    const { soFar, perHour: all, byGroup, unpriced } = costNow(this.#fleet)
    this.#gathering.add({ type: "cost", soFar, perHour: all, byGroup, unpriced }, this.#wall())
    this.#schedule()
  }

  #schedule(): void {
    if (this.#file === undefined || !this.#isBegun || this.#gathering.isEmpty) return
    this.#cancel ??= this.#options.clock.timer(GATHER_MS, () => this.#flush())
  }

  #flush(): void {
    this.#cancel?.()
    this.#cancel = undefined
    const [file, fleet] = [this.#file, this.#fleet]
    if (file === undefined || fleet === undefined || !this.#isBegun || this.#gathering.isEmpty) return
    const rows = this.#gathering.take()
    if (!fleet.isOwner) return
    const secrets = secretsOf(fleet)
    const lines = rows.map((row) => `${JSON.stringify(tidy(row, secrets))}\n`).join("")
    const writing = this.#last.then(() => file.append(lines, this.#wall()))
    this.#last = this.#options.clock.busy(
      "writing the history",
      writing.catch((error) => this.#failed(error)),
    )
  }

  #failed(error: unknown): void {
    if (this.#hasWarned) return
    this.#hasWarned = true
    const { directory, warn } = this.#options
    warn(`the history of what happens cannot be kept in ${directory}: ${messageOf(error)}; the cluster goes on without`)
  }
}

/** The values that a user has given for workers alone. */
export function secretsOf({ groups, supplies }: Fleet): readonly string[] {
  const values = [...groups.values()].flatMap(({ group }) => [
    ...Object.values(group.environment),
    ...Object.values(group.tags),
  ])
  const secrets = [...groups.values()].flatMap(({ group }) =>
    group.secrets.size === 0 ? [] : supplies.secretsOf(group).shared(),
  )
  return [...new Set([...values.filter((value) => value.length >= LEAST_LENGTH), ...secrets])]
}

/** The row with its texts cut to a length, and without the values in them that the user has given for workers alone. */
function tidy(row: HistoryRow, secrets: readonly string[]): HistoryRow {
  const words = (text: string) => withoutSecrets(text, secrets).slice(0, MOST_WORDS)
  return {
    ...row,
    ...("message" in row && row.message !== undefined ? { message: words(row.message) } : {}),
    ...("tail" in row && row.tail !== undefined ? { tail: words(row.tail) } : {}),
    ...("reason" in row && row.reason !== undefined ? { reason: words(row.reason) } : {}),
  } as HistoryRow
}
