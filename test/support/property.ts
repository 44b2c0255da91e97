/** fast-check with one seed for all: a run that fails on one machine fails on every other too. */
import * as all from "fast-check"

all.configureGlobal({ seed: 20_260_101 })

/** `npm run fuzz` tries the same with other values, whatever seed a test names. */
const given = process.env.MUSTER_SEED

export * from "fast-check"

export function assert<T>(property: all.IAsyncProperty<T>, parameters?: all.Parameters<T>): Promise<void>
export function assert<T>(property: all.IProperty<T>, parameters?: all.Parameters<T>): void
export function assert<T>(property: all.IRawProperty<T>, parameters?: all.Parameters<T>): void | Promise<void> {
  return all.assert(property, given === undefined ? parameters : { ...parameters, seed: Number(given) })
}
