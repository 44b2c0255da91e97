/** A task that does nothing. */
export function nothing(): void {}
