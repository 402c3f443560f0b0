// Creates, replaces and deletes with the AWS SDK for JavaScript: node javascript_play.cjs JSON, with the account's variables.
const cfn = require("@aws-sdk/client-cloudformation");
const control = require("@aws-sdk/client-cloudcontrol");

const given = JSON.parse(process.argv[2]);
const StackName = "javascript";
const waiting = (client) => ({ client, minDelay: 1, maxDelay: 1, maxWaitTime: 60 });

async function state(client) {
  const { Stacks: [stack] } = await client.send(new cfn.DescribeStacksCommand({ StackName }));
  const { StackResources: [resource] } = await client.send(new cfn.DescribeStackResourcesCommand({ StackName }));
  return { status: stack.StackStatus, output: stack.Outputs[0].OutputValue, id: resource.PhysicalResourceId };
}

async function stacks() {
  const client = new cfn.CloudFormationClient({});
  const [first, second] = given.templates;
  await client.send(new cfn.CreateStackCommand({ StackName, TemplateBody: first }));
  await cfn.waitUntilStackCreateComplete(waiting(client), { StackName });
  const created = await state(client);
  let refused = [];
  try {
    await client.send(new cfn.UpdateStackCommand({ StackName, TemplateBody: first }));
  } catch (error) {
    refused = [error.name, error.message];
  }
  await client.send(new cfn.UpdateStackCommand({ StackName, TemplateBody: second }));
  await cfn.waitUntilStackUpdateComplete(waiting(client), { StackName });
  const replaced = await state(client);
  await client.send(new cfn.DeleteStackCommand({ StackName }));
  await cfn.waitUntilStackDeleteComplete(waiting(client), { StackName });
  return { created, refused, replaced };
}

async function resources() {
  const client = new control.CloudControlClient({});
  const TypeName = given.type;
  const statuses = [];
  const end = async ({ ProgressEvent: { RequestToken } }) => {
    const { reason } = await control.waitUntilResourceRequestSuccess(waiting(client), { RequestToken });
    statuses.push(reason.ProgressEvent.OperationStatus);
    return reason.ProgressEvent.Identifier;
  };
  const identifier = await end(
    await client.send(new control.CreateResourceCommand({ TypeName, DesiredState: given.properties })),
  );
  const one = { TypeName, Identifier: identifier };
  const patch = [{ op: "add", path: "/EndpointName", value: "churn" }];
  await end(await client.send(new control.UpdateResourceCommand({ ...one, PatchDocument: JSON.stringify(patch) })));
  const { ResourceDescription } = await client.send(new control.GetResourceCommand(one));
  await end(await client.send(new control.DeleteResourceCommand(one)));
  return { identifier, statuses, model: ResourceDescription.Properties };
}

async function main() {
  console.log(JSON.stringify({ ...(await stacks()), control: await resources() }));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
