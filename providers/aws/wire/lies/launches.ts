/** Lies about launches: their tokens, their counts, and the names of what they need. */
import type { HttpRequest } from "../../../../src/simulator/requests/http-server.js"
import type { Lies } from "./lie-of.js"
import { changed, counter, edited, elementIn, eachItem, filters, formOf, isAction, withoutTag } from "./rim.js"

/** What was launched under each token, and whether instances were ended after it. */
class Tokens {
  readonly #texts = new Map<string, { text: string; isOver: boolean }>()

  /** What this request is: the first of its token, or what of it. */
  see(request: HttpRequest): "first" | "replay" | "replay of what is over" | "mismatch" | undefined {
    if (isAction(request, "TerminateInstances")) for (const one of this.#texts.values()) one.isOver = true
    const form = formOf(request)
    const token = form.get("ClientToken")
    if (token === null || form.has("DryRun") || !isAction(request, "RunInstances", "CreateFleet")) return undefined
    const known = this.#texts.get(token)
    if (known === undefined) {
      this.#texts.set(token, { text: request.text, isOver: false })
      return "first"
    }
    if (known.text !== request.text) return "mismatch"
    return known.isOver ? "replay of what is over" : "replay"
  }
}

function tokenOf(request: HttpRequest): string {
  return formOf(request).get("ClientToken") ?? ""
}

/** As under a token that nobody has used. */
function underAnother(request: HttpRequest): HttpRequest {
  return changed(request, { ClientToken: `x${tokenOf(request).slice(1)}` })
}

function launchesAgain(kind: "replay" | "replay of what is over" | "mismatch"): Lies[string] {
  return () => {
    const [tokens, next] = [new Tokens(), counter()]
    return {
      about: (request) => {
        const seen = tokens.see(request)
        return seen === kind && isAction(request, "RunInstances")
      },
      ask: (request, isBroken) => (isBroken(next()) ? underAnother(request) : request),
    }
  }
}

export const LAUNCHES: Lies = {
  "aws.run-replay": launchesAgain("replay"),
  "aws.run-replay-ended": launchesAgain("replay of what is over"),
  "aws.token-mismatch": launchesAgain("mismatch"),
  "aws.min-count": () => {
    const given = new Map<string, string>()
    return {
      about: (request) => isAction(request, "RunInstances") && Number(formOf(request).get("MaxCount")) > 1,
      ask: (request, isBroken) => {
        const asked = Number(formOf(request).get("MaxCount"))
        const numbers = Array.from({ length: asked }, (_, index) => String(index + 1))
        const most = given.get(request.text) ?? String(Math.max(1, numbers.filter((one) => !isBroken(one)).length))
        given.set(request.text, most)
        return changed(request, { MaxCount: most })
      },
    }
  },
  "aws.fleet-replay": () => {
    const tokens = new Tokens()
    return {
      about: (request) => {
        const seen = tokens.see(request)
        return isAction(request, "CreateFleet") && (seen === "replay" || seen === "replay of what is over")
      },
      ask: (request, isBroken) => (isBroken(tokenOf(request)) ? underAnother(request) : request),
    }
  },
  "aws.fleet-described": () => ({
    about: (request) => isAction(request, "DescribeFleets"),
    tell: (reply, _request, isBroken) =>
      edited(reply, (xml) =>
        isBroken(elementIn(xml, "fleetId"))
          ? xml.replace(/<fleetInstanceSet>.*<\/fleetInstanceSet>/, "<fleetInstanceSet/>")
          : xml,
      ),
  }),
  "aws.template-names": () => {
    const next = counter()
    return {
      about: (request) => isAction(request, "CreateLaunchTemplate") && formOf(request).has("VersionDescription"),
      ask: (request, isBroken) => {
        const [number, name] = [next(), formOf(request).get("LaunchTemplateName") ?? ""]
        return isBroken(number) ? changed(request, { LaunchTemplateName: `${name}-${number}` }) : request
      },
    }
  },
  "aws.volume-tags": () => ({
    about: filters("DescribeVolumes", "volume-id"),
    tell: (reply, _request, isBroken) =>
      edited(reply, (xml) =>
        eachItem(xml, "volumeId", (id, item) => (isBroken(id) ? withoutTag(item, "muster-launch") : item)),
      ),
  }),
  "aws.interface-tags": () => ({
    about: filters("DescribeNetworkInterfaces", "network-interface-id"),
    tell: (reply, _request, isBroken) =>
      edited(reply, (xml) =>
        eachItem(xml, "networkInterfaceId", (id, item) => (isBroken(id) ? withoutTag(item, "muster-launch") : item)),
      ),
  }),
}
