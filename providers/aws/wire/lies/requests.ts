/** Lies about requests: how they are refused, their pages, their headers, and what consoles show. */
import type { HttpRequest } from "../../../../src/simulator/requests/http-server.js"
import type { World } from "../../../../src/simulator/index.js"
import type { Lies } from "./lie-of.js"
import { changed, counter, edited, elementIn, formOf, isAction, refusal } from "./rim.js"

/** A refusal for this parameter has another code. */
function refusedOtherwise(isUnknown: (world: World, form: URLSearchParams) => boolean, code: string): Lies[string] {
  return (world) => {
    const next = counter()
    return {
      about: (request) => isAction(request, "RunInstances") && isUnknown(world, formOf(request)),
      tell: (reply, _request, isBroken) =>
        isBroken(next()) ? refusal(reply, code, elementIn(reply.body ?? "", "Message")) : reply,
    }
  }
}

function isUnknownIn(world: World, kind: string, id: string | null): boolean {
  return id !== null && world.resources.get(kind, id) === undefined
}

function isNoType(world: World, name: string | null): boolean {
  return world.offers.every(({ instanceType }) => instanceType !== name)
}

function withoutHeader(name: string): Lies[string] {
  return () => {
    const next = counter()
    return {
      about: () => true,
      tell: (reply, _request, isBroken) =>
        isBroken(next()) ? { ...reply, headers: { ...reply.headers, [name]: "" } } : reply,
    }
  }
}

function asksForLatest(request: HttpRequest): boolean {
  return isAction(request, "GetConsoleOutput") && formOf(request).get("Latest") === "true"
}

function textOf(xml: string): string {
  return Buffer.from(elementIn(xml, "output"), "base64").toString("utf8")
}

const HOST_KEYS = /-----BEGIN SSH HOST KEY KEYS-----[\s\S]*-----END SSH HOST KEY KEYS-----\n/

export const REQUESTS: Lies = {
  "aws.refusal-image": refusedOtherwise(
    (world, form) => isUnknownIn(world, "image", form.get("ImageId")),
    "InvalidParameterValue",
  ),
  "aws.refusal-type": refusedOtherwise(
    (world, form) => isNoType(world, form.get("InstanceType")),
    "InvalidInstanceType",
  ),
  "aws.refusal-subnet": refusedOtherwise(
    (world, form) => isUnknownIn(world, "subnet", form.get("SubnetId") ?? form.get("NetworkInterface.1.SubnetId")),
    "InvalidParameterValue",
  ),
  "aws.dry-run": () => {
    const next = counter()
    return {
      about: (request) => isAction(request, "RunInstances") && formOf(request).get("DryRun") === "true",
      ask: (request, isBroken) => (isBroken(next()) ? changed(request, { DryRun: undefined }) : request),
    }
  },
  "aws.pages": () => {
    const next = counter()
    return {
      about: (request) =>
        isAction(request, "DescribeInstanceTypeOfferings") && formOf(request).get("MaxResults") === "5",
      ask: (request, isBroken) =>
        formOf(request).has("NextToken") && isBroken(next()) ? changed(request, { NextToken: undefined }) : request,
    }
  },
  "aws.request-id": withoutHeader("x-amzn-requestid"),
  "aws.date": withoutHeader("date"),
  "aws.console-latest": () => {
    const [read, told] = [new Set<string>(), new Set<string>()]
    return {
      about: asksForLatest,
      tell: (reply, request, isBroken) => {
        const id = formOf(request).get("InstanceId") ?? ""
        if (!textOf(reply.body ?? "").includes(" done startup ")) return reply
        // Whoever follows the boot reads its end, and who looks again after that is lied to once.
        if (!read.has(id)) read.add(id)
        else if (!told.has(id) && isBroken(id)) {
          told.add(id)
          return refusal(reply, "InvalidParameterCombination", "Latest cannot be had of an instance that runs.")
        }
        return reply
      },
    }
  },
  "aws.host-keys": () => ({
    about: (request) => isAction(request, "GetConsoleOutput"),
    tell: (reply, request, isBroken) =>
      edited(reply, (xml) => {
        const text = textOf(xml)
        const isTold = HOST_KEYS.test(text) && isBroken(formOf(request).get("InstanceId") ?? "")
        const other = Buffer.from(text.replace(HOST_KEYS, "")).toString("base64")
        return isTold ? xml.replace(/<output>[^<]*<\/output>/, `<output>${other}</output>`) : xml
      }),
  }),
}
