/** What works with a cloud. Cluster loads it at its first use: a program that only imports the library waits less. */
export { resolveProviders } from "../fleet/opening/providers.js"
export { receiptOf } from "../fleet/receipt.js"
export { listClusters } from "../fleet/remains/listing.js"
export { holderOf, type SeenHolder } from "../fleet/remains/holders.js"
export { remainsOf } from "../fleet/remains/remains.js"
export { sweep } from "../fleet/remains/sweep.js"
export { Session } from "./session.js"
