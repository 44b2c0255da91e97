/** The API versions of what goes to ARM without a method of the SDK; every one of them is stable. */
export const COMPUTE = "2024-11-01"
export const SKUS = "2021-07-01"
export const NETWORK = "2024-05-01"
export const RESOURCES = "2025-04-01"
