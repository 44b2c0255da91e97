/** A module that throws while it is loaded. */
throw new Error("cannot be loaded")

export function never(): void {}
