/**
 * `muster-vms/contract`: what every provider owes the core, as checks that any test runner can run.
 *
 * @example
 *     import { contract, systemClock } from "muster-vms/contract"
 *     for (const { name, run, skipped } of contract(() => ({ provider: mine(), clock: systemClock }))) {
 *       test(name, { skip: skipped }, run)
 *     }
 */
export { systemClock, VirtualClock } from "../../src/calls/clock.js"
export { bareCalls } from "../../src/calls/send.js"
export { type ContractCase, type ContractOptions, contract, type Skip } from "./contract.js"
export type { CallOptions, FailKind, FaultHooks, ForeignInstance, Subject, SubjectFactory } from "./subject.js"
