/** The EC2 actions that are used, by their names: what is sent, what comes back, and how an answer is known for one. */
import type * as Ec2 from "@aws-sdk/client-ec2"

/** The actions this adapter uses, from the SDK's commands: what is sent, and what comes back. */
interface Actions {
  readonly RunInstances: {
    readonly input: Ec2.RunInstancesCommandInput
    readonly output: Ec2.RunInstancesCommandOutput
  }
  readonly CreateFleet: { readonly input: Ec2.CreateFleetCommandInput; readonly output: Ec2.CreateFleetCommandOutput }
  readonly DescribeFleets: {
    readonly input: Ec2.DescribeFleetsCommandInput
    readonly output: Ec2.DescribeFleetsCommandOutput
  }
  readonly TerminateInstances: {
    readonly input: Ec2.TerminateInstancesCommandInput
    readonly output: Ec2.TerminateInstancesCommandOutput
  }
  readonly DescribeInstances: {
    readonly input: Ec2.DescribeInstancesCommandInput
    readonly output: Ec2.DescribeInstancesCommandOutput
  }
  readonly DescribeInstanceTypes: {
    readonly input: Ec2.DescribeInstanceTypesCommandInput
    readonly output: Ec2.DescribeInstanceTypesCommandOutput
  }
  readonly DescribeInstanceTypeOfferings: {
    readonly input: Ec2.DescribeInstanceTypeOfferingsCommandInput
    readonly output: Ec2.DescribeInstanceTypeOfferingsCommandOutput
  }
  readonly DescribeSpotPriceHistory: {
    readonly input: Ec2.DescribeSpotPriceHistoryCommandInput
    readonly output: Ec2.DescribeSpotPriceHistoryCommandOutput
  }
  readonly DescribeImages: {
    readonly input: Ec2.DescribeImagesCommandInput
    readonly output: Ec2.DescribeImagesCommandOutput
  }
  readonly DescribeSubnets: {
    readonly input: Ec2.DescribeSubnetsCommandInput
    readonly output: Ec2.DescribeSubnetsCommandOutput
  }
  readonly DescribeRouteTables: {
    readonly input: Ec2.DescribeRouteTablesCommandInput
    readonly output: Ec2.DescribeRouteTablesCommandOutput
  }
  readonly DescribeSecurityGroups: {
    readonly input: Ec2.DescribeSecurityGroupsCommandInput
    readonly output: Ec2.DescribeSecurityGroupsCommandOutput
  }
  readonly CreateSecurityGroup: {
    readonly input: Ec2.CreateSecurityGroupCommandInput
    readonly output: Ec2.CreateSecurityGroupCommandOutput
  }
  readonly AuthorizeSecurityGroupIngress: {
    readonly input: Ec2.AuthorizeSecurityGroupIngressCommandInput
    readonly output: Ec2.AuthorizeSecurityGroupIngressCommandOutput
  }
  readonly DeleteSecurityGroup: {
    readonly input: Ec2.DeleteSecurityGroupCommandInput
    readonly output: Ec2.DeleteSecurityGroupCommandOutput
  }
  readonly CreateLaunchTemplate: {
    readonly input: Ec2.CreateLaunchTemplateCommandInput
    readonly output: Ec2.CreateLaunchTemplateCommandOutput
  }
  readonly DescribeLaunchTemplates: {
    readonly input: Ec2.DescribeLaunchTemplatesCommandInput
    readonly output: Ec2.DescribeLaunchTemplatesCommandOutput
  }
  readonly DeleteLaunchTemplate: {
    readonly input: Ec2.DeleteLaunchTemplateCommandInput
    readonly output: Ec2.DeleteLaunchTemplateCommandOutput
  }
  readonly DescribeVolumes: {
    readonly input: Ec2.DescribeVolumesCommandInput
    readonly output: Ec2.DescribeVolumesCommandOutput
  }
  readonly DeleteVolume: {
    readonly input: Ec2.DeleteVolumeCommandInput
    readonly output: Ec2.DeleteVolumeCommandOutput
  }
  readonly DescribeNetworkInterfaces: {
    readonly input: Ec2.DescribeNetworkInterfacesCommandInput
    readonly output: Ec2.DescribeNetworkInterfacesCommandOutput
  }
  readonly DeleteNetworkInterface: {
    readonly input: Ec2.DeleteNetworkInterfaceCommandInput
    readonly output: Ec2.DeleteNetworkInterfaceCommandOutput
  }
  readonly ModifyNetworkInterfaceAttribute: {
    readonly input: Ec2.ModifyNetworkInterfaceAttributeCommandInput
    readonly output: Ec2.ModifyNetworkInterfaceAttributeCommandOutput
  }
  readonly DescribeSpotInstanceRequests: {
    readonly input: Ec2.DescribeSpotInstanceRequestsCommandInput
    readonly output: Ec2.DescribeSpotInstanceRequestsCommandOutput
  }
  readonly DescribeInstanceAttribute: {
    readonly input: Ec2.DescribeInstanceAttributeCommandInput
    readonly output: Ec2.DescribeInstanceAttributeCommandOutput
  }
  readonly CreateTags: { readonly input: Ec2.CreateTagsCommandInput; readonly output: Ec2.CreateTagsCommandOutput }
  readonly GetConsoleOutput: {
    readonly input: Ec2.GetConsoleOutputCommandInput
    readonly output: Ec2.GetConsoleOutputCommandOutput
  }
}
export type Api = keyof Actions
export type Input<A extends Api> = Actions[A]["input"]
export type Output<A extends Api> = Actions[A]["output"]

/** The member without which a reply is not one: a login page read as XML would else pass for an empty list. */
export const ESSENTIAL: { readonly [A in Api]: keyof Actions[A]["output"] } = {
  RunInstances: "Instances",
  CreateFleet: "FleetId",
  DescribeFleets: "Fleets",
  TerminateInstances: "TerminatingInstances",
  DescribeInstances: "Reservations",
  DescribeInstanceTypes: "InstanceTypes",
  DescribeInstanceTypeOfferings: "InstanceTypeOfferings",
  DescribeSpotPriceHistory: "SpotPriceHistory",
  DescribeImages: "Images",
  DescribeSubnets: "Subnets",
  DescribeRouteTables: "RouteTables",
  DescribeSecurityGroups: "SecurityGroups",
  CreateSecurityGroup: "GroupId",
  AuthorizeSecurityGroupIngress: "Return",
  // An empty answer is all there is.
  DeleteSecurityGroup: "$metadata",
  CreateLaunchTemplate: "LaunchTemplate",
  DescribeLaunchTemplates: "LaunchTemplates",
  DeleteLaunchTemplate: "LaunchTemplate",
  DescribeVolumes: "Volumes",
  // An empty answer is all there is.
  DeleteVolume: "$metadata",
  DescribeNetworkInterfaces: "NetworkInterfaces",
  // An empty answer is all there is.
  DeleteNetworkInterface: "$metadata",
  // An empty answer is all there is.
  ModifyNetworkInterfaceAttribute: "$metadata",
  DescribeSpotInstanceRequests: "SpotInstanceRequests",
  DescribeInstanceAttribute: "InstanceId",
  // An empty answer is all there is.
  CreateTags: "$metadata",
  GetConsoleOutput: "InstanceId",
}
