/** What is read once in a process of tests: modules are evaluated anew for each file, an SDK's description is the same for all. */
const KEPT = Symbol.for("muster.tests.kept")

const shared = globalThis as { [KEPT]?: Map<string, unknown> }

export function perProcess<T>(name: string, read: () => T): () => T {
  return () => {
    shared[KEPT] ??= new Map()
    const kept = shared[KEPT]
    if (!kept.has(name)) kept.set(name, read())
    return kept.get(name) as T
  }
}
