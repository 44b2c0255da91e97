/** Lists that say that they are not whole. */
import { TransientError } from "../../../src/errors.js"
import type { NativeWarning, Page } from "./native.js"

/** What says that something is missing; "no results" says only that there is nothing. */
export function isPartial(warning: NativeWarning | undefined): warning is NativeWarning {
  return warning?.code !== undefined && warning.code !== "NO_RESULTS_ON_PAGE"
}

/**
 * A list of one zone or region that says it is not whole is no answer.
 *
 * @throws TransientError, so that it is asked for again.
 */
export function refusePartial({ warning }: Page, what: string): void {
  if (!isPartial(warning)) return
  const message = `${what}: the list is not complete: ${warning.message ?? "no reason given"} (${warning.code})`
  throw new TransientError(message, { code: warning.code ?? "UNREACHABLE" })
}
