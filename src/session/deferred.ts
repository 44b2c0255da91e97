/** The modules that work with a cloud. `Cluster` loads them at their first use: a program that only imports the library waits less. */
export { resolveProviders } from "../fleet/opening/providers.js"
export { receiptOf } from "../fleet/receipt.js"
export { listClusters } from "../fleet/leftovers/listing.js"
export { ownerProcessOf, type ObservedOwner } from "../fleet/leftovers/current-owner.js"
export { keysOf } from "../fleet/leftovers/keys.js"
export { remainsOf } from "../fleet/leftovers/tagged.js"
export { directoryOf, sweep } from "../fleet/leftovers/sweep.js"
export { Session } from "./session.js"
