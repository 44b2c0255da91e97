/** Head life: the part of a cluster's spec that says what follows when an engine's head is lost, and when nobody uses it. */
import type { SpecProblem } from "../../errors.js"
import { show, type Z } from "../../input/parse.js"
import { durationMs, durationSchema } from "../duration.js"
import type { JsonObject } from "../../provider.js"
import type { ClusterFields } from "../types.js"

export interface HeadLife {
  readonly whenHeadLost: "close" | "restart"
  /** Undefined: it may be idle for ever. */
  readonly idleTimeoutMs: number | undefined
}

/** What of it was given: of a cluster that lives its instances keep the rest. */
export type GivenHeadLife = { readonly [K in keyof HeadLife]?: HeadLife[K] | undefined }

/** The head is asked every ten seconds: less could pass between two calls of a program. */
const LEAST_IDLE_MS = 60_000

export const headLifeShape = (z: Z) => ({
  whenHeadLost: z.enum(["close", "restart"]).optional(),
  idleTimeout: durationSchema(z).optional(),
})

export function resolveHeadLife({ whenHeadLost, idleTimeout }: ClusterFields): GivenHeadLife {
  return { whenHeadLost, idleTimeoutMs: durationMs(idleTimeout ?? "") }
}

/** What was given counts, then what instances keep. */
export function headLifeOf(given: GivenHeadLife, kept: GivenHeadLife = {}): HeadLife {
  return {
    whenHeadLost: given.whenHeadLost ?? kept.whenHeadLost ?? "close",
    idleTimeoutMs: given.idleTimeoutMs ?? kept.idleTimeoutMs,
  }
}

/** As instances keep it: nothing where nothing was asked for. */
export function keptHeadLife({ whenHeadLost, idleTimeoutMs }: GivenHeadLife): JsonObject {
  return {
    ...(whenHeadLost === "restart" ? { whenHeadLost } : {}),
    ...(idleTimeoutMs === undefined ? {} : { idleTimeoutMs }),
  }
}

export function headLifeProblems({ engine, whenHeadLost, idleTimeout }: ClusterFields): readonly SpecProblem[] {
  const given = Object.entries({ whenHeadLost, idleTimeout }).filter(([, value]) => value !== undefined)
  if (engine === undefined) {
    return given.map(([option, value]) => {
      const message = `is ${show(value)}, and there is no engine whose head it could be about; give engine as well, or leave it out`
      return { option: `cluster.${option}`, value, message }
    })
  }
  const idleMs = durationMs(idleTimeout ?? "")
  if (idleMs === undefined || idleMs >= LEAST_IDLE_MS) return []
  const message = `is ${show(idleTimeout)}; use 1m or more: a program may do something else between two calls`
  return [{ option: "cluster.idleTimeout", value: idleTimeout, message }]
}
