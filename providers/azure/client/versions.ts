/**
 * The API versions of what goes to ARM without a method of the SDK; every one of them is stable. A version is a resource
 * type's own: what its type does not list is refused ("Resource providers and resource types").
 */
export const COMPUTE = "2024-11-01"
/** Disks have versions of theirs ("Disks REST API": DiskRP), none of which virtual machines have. */
export const DISKS = "2024-03-02"
/** Galleries too ("Microsoft.Compute galleries/images" in the template reference). */
export const GALLERIES = "2024-03-03"
export const SKUS = "2021-07-01"
export const NETWORK = "2024-05-01"
export const RESOURCES = "2025-04-01"
export const SUBSCRIPTIONS = "2022-12-01"
export const AUTHORIZATION = "2022-04-01"
