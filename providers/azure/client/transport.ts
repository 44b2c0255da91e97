/**
 * How requests leave: over agents of ours, through the proxy that the environment names, as for all clouds. The SDK's own
 * policy for proxies takes a proxy's refusal of a tunnel for an answer of Azure's, and asks proxies for this machine too.
 */
import type { Agent } from "node:https"
import type { PipelinePolicy, PipelineRequest } from "@azure/core-rest-pipeline"
import { proxyAgents } from "../../../src/client/tunnel.js"

export interface Transport {
  /** Gives a request its agent. */
  readonly prepare: <R extends Pick<PipelineRequest, "url" | "agent">>(request: R) => R
  readonly policy: PipelinePolicy
}

/** @param tls who is trusted at `endpoint`; other hosts show certificates that node trusts by itself. */
export function transportOf(endpoint: string, tls: { readonly ca: string } | undefined): Transport {
  const agentTo = (trust: object): Agent => proxyAgents({ keepAlive: true, ...trust }).httpsAgent
  const [manager, others] = [agentTo(tls ?? {}), agentTo({})]
  const prepare: Transport["prepare"] = (request) => {
    request.agent = request.url.startsWith(endpoint) ? manager : others
    return request
  }
  return { prepare, policy: { name: "musterTransport", sendRequest: (request, next) => next(prepare(request)) } }
}
