/** Of requests: refusals that cost nothing, pages and headers. */
import type { Assumption } from "../../../../src/provider.js"

export const REQUESTS: readonly Assumption[] = [
  {
    id: "aws.refusal-image",
    says: "A launch from an image that does not exist is refused with InvalidAMIID.NotFound.",
    source: "Error codes for the Amazon EC2 API",
    basis: "documented",
    code: ["providers/aws/client/codes.ts"],
    probe: "Three launches name made-up images.",
  },
  {
    id: "aws.refusal-type",
    says: 'A launch of a type that does not exist is refused with InvalidParameterValue and the words "for InstanceType".',
    source: "The wording is that of users' reports",
    basis: "reported",
    code: ["providers/aws/client/codes.ts", "providers/aws/launch/failures.ts"],
    probe: "Three launches name made-up types.",
  },
  {
    id: "aws.refusal-subnet",
    says: "A launch into a subnet that does not exist is refused with InvalidSubnetID.NotFound.",
    source: "Error codes for the Amazon EC2 API",
    basis: "documented",
    code: ["providers/aws/client/codes.ts"],
    probe: "Three launches name made-up subnets.",
  },
  {
    id: "aws.dry-run",
    says: "A launch with DryRun makes nothing and is answered with DryRunOperation where it is allowed.",
    source: "Amazon EC2 API Reference, RunInstances (DryRun)",
    basis: "documented",
    code: ["providers/aws/launch/rights.ts", "providers/aws/doctor/rights.ts"],
    probe: "Three launches of the smallest type have DryRun.",
  },
  {
    id: "aws.pages",
    says: "MaxResults bounds a page, and NextToken leads to what is left, nothing of it twice.",
    source: "Amazon EC2 API Reference, Pagination",
    basis: "documented",
    code: ["providers/aws/client/pages.ts"],
    probe: "Four pages of five offerings are read.",
  },
  {
    id: "aws.request-id",
    says: "Each answer has the request's id in the header x-amzn-requestid.",
    source: "The AWS SDK for JavaScript reads it there and nowhere else",
    basis: "reported",
    code: ["providers/aws/client/errors.ts"],
    probe: "All answers of the walk are looked at.",
  },
  {
    id: "aws.date",
    says: "Each answer has the moment at which it was given in the header date.",
    source: "RFC 9110, HTTP Semantics (Date)",
    basis: "documented",
    code: ["providers/aws/client/send.ts"],
    probe: "All answers of the walk are looked at.",
  },
]
