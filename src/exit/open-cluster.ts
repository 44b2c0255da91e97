/** Open cluster: one that this process holds. */

/** A cluster that is open in this process. */
export interface OpenCluster {
  readonly name: string
  /** What goes on when this process ends, and how to end it; undefined: nothing does. */
  readonly goesOn: () => string | undefined
  /** Somebody waits for what it was asked. */
  readonly isAsked: () => boolean
  /** It is closed when the process is told to end, or handed over when that ends itself. */
  readonly closesOnExit: boolean
}
