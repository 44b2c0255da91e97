/** Scale calls: those of a cluster that have not ended. */
import type { ScaleResult } from "../fleet/scaling/target.js"

interface Call {
  result: Promise<ScaleResult> | undefined
}

export class ScaleCalls {
  readonly #open = new Set<Call>()

  /** Whether a caller waits for one. */
  get isAny(): boolean {
    return this.#open.size > 0
  }

  /** @param ended called when it has settled. */
  begin(scale: () => Promise<ScaleResult>, ended: () => void): Promise<ScaleResult> {
    const call: Call = { result: undefined }
    this.#open.add(call)
    call.result = scale().finally(() => {
      this.#open.delete(call)
      ended()
    })
    return call.result
  }

  /** Prevents unhandled rejections of calls that the caller does not await, when the cluster is closed or detached. */
  ignoreRejections(): void {
    for (const { result } of this.#open) result?.catch(() => {})
  }
}
