import { describe, expect, test } from "vitest"
import { CODES } from "../../../providers/aws/client/codes.js"
import type { RequestContext } from "../../../providers/aws/client/answers.js"
import { toMusterError } from "../../../providers/aws/client/errors.js"
import { familyOf } from "../../../providers/aws/offers/families.js"
import * as classes from "../../../src/errors.js"
import type { Offer } from "../../../src/provider.js"

const OFFER: Offer = {
  provider: "aws",
  region: "eu-west-1",
  zone: "eu-west-1a",
  instanceType: "m7i.large",
  market: "on-demand",
  family: "standard",
  vcpus: 2,
  memoryGiB: 8,
  arch: "x86_64",
}

const DOING: RequestContext = {
  what: "launching 8 × m7i.large (on-demand, eu-west-1a)",
  region: "eu-west-1",
  offer: OFFER,
}

/** What the SDK throws for an answer with this code. */
function sdkError(name: string, message = "as EC2 says it.", status = 400, more: object = {}) {
  const metadata = { httpStatusCode: status, requestId: "req-1" }
  return Object.assign(new Error(message), {
    name,
    $fault: status >= 500 ? "server" : "client",
    $metadata: metadata,
    ...more,
  })
}

const all = { provider: "aws", region: "eu-west-1" }
const pool = { ...all, zone: "eu-west-1a", instanceType: "m7i.large", market: "on-demand" }
const MINUTE = 60_000

describe("a code decides the class, what it says about, and for how long", () => {
  test.each([
    ["InsufficientInstanceCapacity", 500, classes.CapacityError, pool, 3 * MINUTE],
    ["UnfulfillableCapacity", 400, classes.CapacityError, pool, 3 * MINUTE],
    ["Unsupported", 400, classes.CapacityError, pool, 24 * 60 * MINUTE],
    ["InsufficientFreeAddressesInSubnet", 400, classes.CapacityError, { ...all, zone: "eu-west-1a" }, 3 * MINUTE],
    ["InsufficientVolumeCapacity", 500, classes.CapacityError, { ...all, zone: "eu-west-1a" }, 3 * MINUTE],
    ["VcpuLimitExceeded", 400, classes.QuotaError, { ...all, family: "standard", market: "on-demand" }, MINUTE],
    [
      "MaxSpotInstanceCountExceeded",
      400,
      classes.QuotaError,
      { ...all, family: "standard", market: "on-demand" },
      MINUTE,
    ],
    ["NetworkInterfaceLimitExceeded", 400, classes.QuotaError, { ...all, zone: "eu-west-1a" }, 10 * MINUTE],
    ["VolumeLimitExceeded", 400, classes.QuotaError, all, 10 * MINUTE],
  ])("%s", (code, status, type, scope, ttlMs) => {
    const error = toMusterError(sdkError(code, "as EC2 says it.", status), DOING)
    expect(error).toBeInstanceOf(type)
    expect(error).toMatchObject({ code, scope, ttlMs, requestId: "req-1" })
    expect(error.message).toContain(
      `launching 8 × m7i.large (on-demand, eu-west-1a): as EC2 says it (${code}, request req-1)`,
    )
  })

  test.each([
    ["RequestLimitExceeded", 503, classes.ThrottledError],
    ["EC2ThrottledException", 503, classes.ThrottledError],
    ["ThrottlingException", 400, classes.ThrottledError],
    ["InternalError", 500, classes.TransientError],
    ["Unavailable", 503, classes.TransientError],
    ["InvalidNextToken", 400, classes.RejectedError],
    ["UnauthorizedOperation", 403, classes.AuthError],
    ["AuthFailure", 401, classes.AuthError],
    ["AuthFailure.ServiceLinkedRoleCreationNotPermitted", 403, classes.OfferRefusedError],
    ["SignatureDoesNotMatch", 403, classes.AuthError],
    ["RequestExpired", 400, classes.AuthError],
    ["ExpiredToken", 400, classes.AuthError],
    ["OptInRequired", 401, classes.AuthError],
    ["IdempotentParameterMismatch", 400, classes.RejectedError],
    ["InvalidAMIID.NotFound", 400, classes.RejectedError],
    ["InvalidParameterValue", 400, classes.OfferRefusedError],
    ["NobodyHasSeenThisCode", 400, classes.OfferRefusedError],
    ["NobodyHasSeenThisCode", 429, classes.ThrottledError],
    ["UnsupportedOperation", 400, classes.OfferRefusedError],
    ["IncorrectState", 400, classes.UnavailableError],
    ["InvalidLaunchTemplateName.NotFoundException", 400, classes.NotFoundError],
    ["InvalidLaunchTemplateId.VersionNotFound", 400, classes.NotFoundError],
    ["InvalidGroup.NotFound", 400, classes.NotFoundError],
    ["NobodyHasSeenThisCode", 500, classes.TransientError],
    ["NobodyHasSeenThisCode", 503, classes.TransientError],
  ])("%s (HTTP %i)", (code, status, type) => {
    const error = toMusterError(sdkError(code, "as EC2 says it.", status), DOING)
    expect(error.constructor).toBe(type)
    expect(error).toMatchObject({ code, requestId: "req-1" })
  })

  test.each([
    ["InvalidParameterValue", "Value (x) for parameter iamInstanceProfile.name is invalid", classes.NotFoundError],
    ["InvalidParameterValue", 'IAM Instance Profile "arn" has no associated IAM Roles', classes.NotFoundError],
    [
      "InvalidParameterCombination",
      "The specified instance type is not eligible for Free Tier.",
      classes.OfferRefusedError,
    ],
    ["AuthFailure", "Not authorized for images: [ami-1]", classes.AuthError],
    [
      "InvalidFleetConfiguration",
      "Your requested instance type (m7i.large) is not supported in your requested Availability Zone (eu-west-1a).",
      classes.CapacityError,
    ],
    ["InvalidFleetConfiguration", "Two subnets of one zone.", classes.OfferRefusedError],
    ["MissingInput", "No default subnet for availability zone: 'eu-west-1a'.", classes.OfferRefusedError],
    ["MissingInput", "No default VPC.", classes.RejectedError],
  ])("%s, when its message says so: %s", (code, message, type) => {
    expect(toMusterError(sdkError(code, message), DOING).constructor).toBe(type)
  })
})

describe("outside of launches", () => {
  const { what, region } = DOING
  test.each([
    ["NobodyHasSeenThisCode", 400, classes.RejectedError],
    ["NobodyHasSeenThisCode", 500, classes.TransientError],
    ["UnsupportedOperation", 400, classes.RejectedError],
    ["IncorrectState", 400, classes.TransientError],
    ["InvalidGroup.NotFound", 400, classes.RejectedError],
    ["InvalidLaunchTemplateName.NotFoundException", 400, classes.RejectedError],
  ])("%s (HTTP %i)", (code, status, type) => {
    expect(toMusterError(sdkError(code, "as EC2 says it.", status), { what, region }).constructor).toBe(type)
  })
})

describe("what is not known yet", () => {
  const said = "The security group 'sg-1' does not exist"

  test("is waited for: what Muster has made for five minutes, a profile for two", () => {
    const group = toMusterError(sdkError("InvalidGroup.NotFound", said), DOING)
    expect(group).toMatchObject({ ours: true, graceMs: 5 * MINUTE, ttlMs: 2_000, scope: all })
    const profile = toMusterError(sdkError("InvalidParameterValue", "iamInstanceProfile.name"), DOING)
    expect(profile).toMatchObject({ ours: false, graceMs: 2 * MINUTE, ttlMs: 2_000, scope: all })
  })

  test("is the user's to correct where the user has named it", () => {
    const error = toMusterError(sdkError("InvalidGroup.NotFound", said), { ...DOING, namedGroups: ["sg-1"] })
    expect(error.constructor).toBe(classes.RejectedError)
    expect(error.message).toContain("check securityGroupIds")
  })
})

test("no code is in the table twice, and none is behind one that takes it", () => {
  const plain = CODES.filter((row) => row.message === undefined).flatMap(({ codes }) => codes)
  expect(new Set(plain).size).toBe(plain.length)
  plain.forEach((code, index) => {
    const earlier = plain.slice(0, index).filter((known) => known.endsWith("*") && code.startsWith(known.slice(0, -1)))
    expect(earlier, code).toEqual([])
  })
})

describe("what the user can do", () => {
  test.each([
    ["VcpuLimitExceeded", "vCPU quota L-1216C47A in eu-west-1"],
    ["UnauthorizedOperation", "allow this action to the principal"],
    ["RequestExpired", "renew the credentials, check the time"],
    ["IdempotentParameterMismatch", "muster-launch=0123"],
    ["DefaultVpcDoesNotExist", "name subnets with subnetIds"],
    ["OperationNotPermitted", "disableApiTermination"],
    ["InvalidAMIID.NotFound", "check imageId"],
    ["AuthFailure", "that region eu-west-1 is enabled for the account (opt-in"],
    ["UnrecognizedClientException", "that region eu-west-1 is enabled for the account (opt-in"],
    ["OptInRequired", "enable region eu-west-1 for the account (opt-in: aws account enable-region"],
  ])("%s: %s", (code, remedy) => {
    expect(toMusterError(sdkError(code), { ...DOING, token: "0123" }).message).toContain(remedy)
  })
})

describe("without a code of EC2's", () => {
  const connection = (code: string) => Object.assign(new Error(`connect ${code} 127.0.0.1:1`), { code, $metadata: {} })
  const where = { ...DOING, endpoint: "http://127.0.0.1:1" }

  test.each(["ECONNREFUSED", "ENOTFOUND", "EHOSTUNREACH"])("%s: unreachable, and where", (code) => {
    const error = toMusterError(connection(code), where)
    expect(error).toBeInstanceOf(classes.TransientError)
    expect(error.message).toMatch(/http:\/\/127\.0\.0\.1:1 is unreachable/)
  })

  test.each(["ECONNRESET", "EPIPE", "ETIMEDOUT"])("%s: the outcome is unknown", (code) => {
    const error = toMusterError(connection(code), where)
    expect(error).toBeInstanceOf(classes.TransientError)
    expect(error.message).toContain("the outcome is unknown")
  })

  test("a certificate that is not trusted: no retry helps", () => {
    const error = toMusterError(connection("SELF_SIGNED_CERT_IN_CHAIN"), where)
    expect(error).toBeInstanceOf(classes.RejectedError)
    expect(error.message).toContain("NODE_EXTRA_CA_CERTS")
  })

  test("no credentials: which ways were tried", () => {
    const native = Object.assign(new Error("Could not load credentials from any providers"), {
      name: "CredentialsProviderError",
    })
    const error = toMusterError(native, DOING)
    expect(error).toBeInstanceOf(classes.AuthError)
    for (const way of ["environment", "profile", "SSO", "container", "instance metadata"])
      expect(error.message).toContain(way)
  })

  test("what is no XML: what came instead", () => {
    const native = Object.assign(new Error("parse"), {
      $metadata: { httpStatusCode: 200 },
      $responseBodyText: "<!DOCTYPE html>\n<html><body>Sign in",
      $response: { headers: { "content-type": "text/html" } },
    })
    const error = toMusterError(native, DOING)
    expect(error).toBeInstanceOf(classes.TransientError)
    expect(error.message).toContain('HTTP 200, text/html): "<!DOCTYPE html> <html><body>Sign in"')
  })

  test("seconds to wait are passed on", () => {
    const native = sdkError("RequestLimitExceeded", "Request limit exceeded.", 503, {
      $response: { headers: { "retry-after": "7" } },
    })
    expect(toMusterError(native, DOING)).toMatchObject({ retryAfterMs: 7_000 })
  })

  test.each(["a word", undefined, null, 7])("%s, thrown by whatever: the outcome is unknown", (thrown) => {
    expect(toMusterError(thrown, DOING)).toBeInstanceOf(classes.TransientError)
  })

  test("our own errors stay as they are", () => {
    const own = new classes.SpecError([{ option: "aws", message: "no" }])
    expect(toMusterError(own, DOING)).toBe(own)
  })
})

test.each([
  ["m7i.large", "standard"],
  ["im4gn.large", "standard"],
  ["is4gen.medium", "standard"],
  ["inf2.xlarge", "inf"],
  ["i4i.large", "standard"],
  ["t4g.nano", "standard"],
  ["trn1.2xlarge", "trn"],
  ["g6.xlarge", "g-vt"],
  ["gr6.4xlarge", "g-vt"],
  ["vt1.3xlarge", "g-vt"],
  ["p5.48xlarge", "p"],
  ["dl1.24xlarge", "dl"],
  ["d3.xlarge", "standard"],
  ["x2gd.medium", "x"],
  ["u-6tb1.metal", "high-memory"],
  ["u7i-12tb.224xlarge", "high-memory"],
  ["hpc7g.16xlarge", "hpc"],
  ["h1.2xlarge", "standard"],
  ["f1.2xlarge", "f"],
  ["mac2.metal", "mac2"],
])("%s counts against the quota of %s", (type, family) => {
  expect(familyOf(type)).toBe(family)
})
