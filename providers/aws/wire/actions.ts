/** The table of handlers: each action of the Query protocol that this EC2 knows. */
import type { Action } from "./client/action.js"
import {
  authorizeSecurityGroupIngress,
  createSecurityGroup,
  deleteSecurityGroup,
  describeSecurityGroups,
} from "./prepare/security-groups.js"
import { createFleet } from "./launch/fleets.js"
import { createLaunchTemplate, deleteLaunchTemplate, describeLaunchTemplates } from "./prepare/launch-templates.js"
import { createTags } from "./launch/create-tags.js"
import { deleteNetworkInterface, deleteVolume, describeNetworkInterfaces, describeVolumes } from "./end/leftovers.js"
import { describeFleets } from "./launch/describe-fleets.js"
import { describeImages } from "./prepare/images.js"
import { describeInstanceAttribute } from "./observe/instance-attribute.js"
import { describeInstanceTypeOfferings, describeInstanceTypes } from "./offers/catalogue.js"
import { describeInstances } from "./observe/describe-instances.js"
import { describeRouteTables } from "./prepare/route-tables.js"
import { describeSpotInstanceRequests } from "./observe/spot-requests.js"
import { describeSpotPriceHistory } from "./offers/spot.js"
import { describeSubnets } from "./prepare/subnets.js"
import { getConsoleOutput } from "./observe/console.js"
import { modifyNetworkInterfaceAttribute } from "./observe/modify-interface.js"
import { runInstances } from "./launch/run-instances.js"
import { terminateInstances } from "./end/terminate-instances.js"

export const ACTIONS: Readonly<Record<string, Action>> = {
  RunInstances: runInstances,
  CreateFleet: createFleet,
  DescribeFleets: describeFleets,
  CreateLaunchTemplate: createLaunchTemplate,
  DescribeLaunchTemplates: describeLaunchTemplates,
  DeleteLaunchTemplate: deleteLaunchTemplate,
  TerminateInstances: terminateInstances,
  DescribeInstances: describeInstances,
  DescribeInstanceTypes: describeInstanceTypes,
  DescribeInstanceTypeOfferings: describeInstanceTypeOfferings,
  DescribeImages: describeImages,
  DescribeSubnets: describeSubnets,
  DescribeRouteTables: describeRouteTables,
  DescribeSecurityGroups: describeSecurityGroups,
  CreateSecurityGroup: createSecurityGroup,
  AuthorizeSecurityGroupIngress: authorizeSecurityGroupIngress,
  DeleteSecurityGroup: deleteSecurityGroup,
  DescribeSpotPriceHistory: describeSpotPriceHistory,
  DescribeSpotInstanceRequests: describeSpotInstanceRequests,
  DescribeVolumes: describeVolumes,
  DeleteVolume: deleteVolume,
  DescribeNetworkInterfaces: describeNetworkInterfaces,
  DeleteNetworkInterface: deleteNetworkInterface,
  ModifyNetworkInterfaceAttribute: modifyNetworkInterfaceAttribute,
  GetConsoleOutput: getConsoleOutput,
  DescribeInstanceAttribute: describeInstanceAttribute,
  CreateTags: createTags,
}
