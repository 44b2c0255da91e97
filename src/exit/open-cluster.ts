/** Open cluster: one that is open in this process. */

/** A cluster that is open in this process. */
export interface OpenCluster {
  readonly name: string
  /** A text for what keeps running when this process ends, and how to end it; undefined: nothing does. */
  readonly leftRunning: () => string | undefined
  /** Whether a caller waits for one of its methods, or it follows a demand. */
  readonly hasPendingCalls: () => boolean
  /** The cluster is closed at a signal, or handed over when the program calls `process.exit`. */
  readonly closesOnExit: boolean
}
